import { setTimeout as delay } from "node:timers/promises";
import { nowMs } from "../clock.ts";
import { publishOne } from "../load/requests.ts";
import type { LoadReport } from "../load/tally.ts";
import type { Arrivals } from "../receiver/ledger.ts";
import type { Server } from "../server/server.ts";
import type { Bench } from "./bench.ts";
import { addRefused } from "./result.ts";
import type { DeliveryAccount } from "./result.ts";

const POLL_MS = 20;
const QUIET_POLL_MS = 100;
const QUIET_MS_MAX = 5_000;
/** A server that uses one tick of CPU time in a tenth of a second has no work left. */
const QUIET_CPU_US = 10_000;
/**
 * Lower bound of the time that `untilArrived` waits for the first delivery. A slow machine may still have to load code
 * and connect.
 */
const FIRST_ARRIVAL_MS_MAX = 60_000;

/** Waits until the server has also recorded its deliveries, because recording is part of the cost of a message. */
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

/** Collects the accepted messages for a group of endpoints and compares them with the deliveries to the group. */
export class Account {
  readonly group: string;
  readonly #bench: Bench;
  readonly #members: readonly string[];
  readonly #accepted: string[] = [];
  readonly #refused: Record<string, number> = {};

  constructor(bench: Bench, group: string, members: readonly string[]) {
    this.#bench = bench;
    this.group = group;
    this.#members = members;
  }

  /** Creates a topic with one subscription that pushes to the receiver. The topic's name is the name of the group. */
  static async ofTopic(
    bench: Bench,
    server: Server,
    topic: string,
    maxInFlight = bench.settings.maxInFlight,
  ): Promise<Account> {
    await server.catalog.putTopic(topic);
    await server.catalog.putSubscription(topic, "s", `${bench.receiverOrigin}/${topic}/0`, maxInFlight);
    return new Account(bench, topic, ["0"]);
  }

  add({ ids, refused }: Pick<LoadReport, "ids" | "refused">): void {
    for (const id of ids) this.#accepted.push(id);
    addRefused(this.#refused, refused);
  }

  /**
   * Waits until every accepted message has arrived, or until no message has arrived for `lostAfterMs`. Messages that
   * are still missing are lost, and `close` reports them.
   */
  async untilArrived(): Promise<Arrivals> {
    const expected = this.#accepted.length * this.#members.length;
    const { lostAfterMs } = this.#bench.settings;
    let seen = -1;
    let lastChangeMs = nowMs();
    for (;;) {
      const arrivals = await this.#bench.receiver.call("arrivals", this.group);
      if (arrivals.distinct >= expected) return arrivals;
      const patienceMs = seen <= 0 ? Math.max(lostAfterMs, FIRST_ARRIVAL_MS_MAX) : lostAfterMs;
      if (arrivals.distinct > seen) {
        seen = arrivals.distinct;
        lastChangeMs = nowMs();
      } else if (nowMs() - lastChangeMs > patienceMs) return arrivals;
      await delay(POLL_MS);
    }
  }

  /**
   * Publishes single messages to the topic for `durationMs` and waits for their arrival. Returns the messages per
   * second, from the first publish to the last arrival.
   */
  async publishFor(server: Server, durationMs: number): Promise<number> {
    const target = publishOne(server.origin, this.group, this.#bench.settings.bodyBytes);
    const report = await this.#bench.load.call("closedLoop", this.#bench.loop(target, durationMs));
    this.add(report);
    const arrivals = await this.untilArrived();
    return (report.acceptedMessages * 1000) / (arrivals.lastAtMs - report.startedAtMs);
  }

  /** Throughput of the topic's subscription, measured once per repeat. */
  async throughput(server: Server): Promise<number[]> {
    const { repeats, throughputMs } = this.#bench.settings;
    const perSecond: number[] = [];
    for (let repeat = 0; repeat < repeats; repeat++) perSecond.push(await this.publishFor(server, throughputMs));
    return perSecond;
  }

  async close(): Promise<DeliveryAccount> {
    const { receiver } = this.#bench;
    const { expected, ...rest } = await receiver.call("compare", this.group, this.#members, this.#accepted);
    await receiver.call("discard", this.group);
    return {
      group: this.group,
      acceptedMessages: this.#accepted.length,
      expectedDeliveries: expected,
      ...rest,
      refused: this.#refused,
    };
  }
}
