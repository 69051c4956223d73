import { setTimeout as delay } from "node:timers/promises";
import { nowMs } from "../clock.ts";
import type { LoadReport } from "../load/commands.ts";
import type { Arrivals } from "../receiver/ledger.ts";
import type { Server } from "../server/launch.ts";
import type { Bench } from "./bench.ts";
import type { DeliveryAccount } from "./result.ts";

const POLL_MS = 20;
const QUIET_POLL_MS = 100;
const QUIET_MS_MAX = 5_000;
/** One tick of CPU time in a tenth of a second is a server with nothing left to do. */
const QUIET_CPU_US = 10_000;

/**
 * Waits until so many distinct deliveries have arrived, or none has for `stallMs`: then the rest is lost, and
 * `account` will say which.
 */
export async function untilArrived(bench: Bench, group: string, distinct: number): Promise<Arrivals> {
  let seen = -1;
  let movedAtMs = nowMs();
  for (;;) {
    const arrivals = await bench.receiver.call("arrivals", { group });
    if (arrivals.distinct >= distinct) return arrivals;
    if (arrivals.distinct > seen) {
      seen = arrivals.distinct;
      movedAtMs = nowMs();
    } else if (nowMs() - movedAtMs > bench.settings.stallMs) return arrivals;
    await delay(POLL_MS);
  }
}

/** Waits until the server has also written down what it delivered. That work is part of the cost of a message. */
export async function untilQuiet(server: Server): Promise<void> {
  const deadlineMs = nowMs() + QUIET_MS_MAX;
  let before = server.cpuUs();
  let quiet = 0;
  while (quiet < 2 && nowMs() < deadlineMs) {
    await delay(QUIET_POLL_MS);
    const now = server.cpuUs();
    quiet = now - before <= QUIET_CPU_US ? quiet + 1 : 0;
    before = now;
  }
}

/** Collects the loads of one group of endpoints and holds them against what arrived there. */
export class Account {
  readonly #bench: Bench;
  readonly #group: string;
  readonly #members: readonly string[];
  readonly #accepted: string[] = [];
  readonly #refused: Record<string, number> = {};

  constructor(bench: Bench, group: string, members: readonly string[]) {
    this.#bench = bench;
    this.#group = group;
    this.#members = members;
  }

  add(report: LoadReport): void {
    for (const id of report.ids) this.#accepted.push(id);
    for (const [why, count] of Object.entries(report.refused)) this.#refused[why] = (this.#refused[why] ?? 0) + count;
  }

  /** Waits for everything that was accepted so far. */
  untilArrived(): Promise<Arrivals> {
    return untilArrived(this.#bench, this.#group, this.#accepted.length * this.#members.length);
  }

  async close(): Promise<DeliveryAccount> {
    const comparison = await this.#bench.receiver.call("compare", {
      group: this.#group,
      members: this.#members,
      accepted: this.#accepted,
    });
    await this.#bench.receiver.call("forget", { group: this.#group });
    const { expected, ...rest } = comparison;
    return {
      group: this.#group,
      acceptedMessages: this.#accepted.length,
      expectedDeliveries: expected,
      ...rest,
      refused: this.#refused,
    };
  }
}
