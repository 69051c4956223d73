import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { KeyPair } from "../cmq/account.ts";
import type { Chance } from "../random.ts";
import type { ReceiverOptions, Report } from "./reports.ts";

const program = fileURLToPath(new URL("./receiver-process.ts", import.meta.url));

/** A report, and the number of the process that wrote it. */
export type ReceiverReport = Report & { readonly life: number };

export interface ReceiversOptions {
  /** URLs of the servers. The receivers use these servers in rotation. */
  readonly urls: readonly [string, ...(readonly string[])];
  readonly pair: KeyPair;
  readonly queueName: string;
  readonly count: number;
  readonly chance: Chance;
  readonly workMsMax: number;
  readonly dropped: number;
}

/** Receivers as processes. Each killed process is replaced by a new one. */
export class Receivers implements AsyncDisposable {
  readonly reports: ReceiverReport[] = [];
  /** Numbers of the processes that were killed. */
  readonly killed = new Set<number>();
  readonly #options: ReceiversOptions;
  readonly #children = new Map<number, ChildProcess>();
  #lives = 0;

  constructor(options: ReceiversOptions) {
    this.#options = options;
    for (let at = 0; at < options.count; at++) this.#begin();
  }

  /**
   * Kills receivers while they hold a message, one at a time. Continues until both `durationMs` have passed and
   * `killsMin` receivers have died with a message. On a busy machine, a receiver may delete its message before the
   * signal reaches it.
   */
  async killFor(durationMs: number, killsMin: number, everyMsMax: number): Promise<void> {
    const { chance } = this.#options;
    const end = performance.now() + durationMs;
    while (performance.now() < end || this.#holding(this.killed).length < killsMin) {
      await pause(chance.whole(1, everyMsMax));
      const [first, ...others] = this.#holding(this.#children.keys());
      if (first === undefined) continue;
      await this.kill(chance.pick([first, ...others]));
      this.#begin();
    }
  }

  /** Returns the processes that hold a message: they have received it and have not reported its deletion. */
  #holding(lives: Iterable<number>): number[] {
    const held = new Map<number, Set<string>>();
    for (const report of this.reports) {
      if (report.event === "received") held.set(report.life, (held.get(report.life) ?? new Set()).add(report.id));
      else if (report.event === "deleting") held.get(report.life)?.delete(report.id);
    }
    return [...lives].filter((life) => (held.get(life)?.size ?? 0) > 0);
  }

  async kill(life: number): Promise<void> {
    const child = this.#children.get(life);
    if (child === undefined) return;
    this.#children.delete(life);
    this.killed.add(life);
    if (child.exitCode !== null) return;
    const ended = once(child, "close");
    child.kill("SIGKILL");
    await ended;
  }

  #begin(): void {
    const life = this.#lives++;
    const { urls, pair, queueName, workMsMax, dropped, chance } = this.#options;
    const url = urls[life % urls.length] ?? urls[0];
    const options: ReceiverOptions = { url, ...pair, queueName, workMsMax, dropped, seed: chance.whole(1, 2 ** 31) };
    const child = spawn(process.execPath, [program, JSON.stringify(options)], { stdio: ["ignore", "pipe", "inherit"] });
    this.#children.set(life, child);
    child.on("exit", (code) => {
      if (this.killed.has(life)) return;
      this.reports.push({ event: "unexpected", answer: `receiver ${life} ended by itself with ${code}`, life });
    });
    const lines = createInterface({ input: child.stdout });
    lines.on("line", (line) => this.reports.push({ ...(JSON.parse(line) as Report), life }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#children.keys()].map((life) => this.kill(life)));
  }
}
