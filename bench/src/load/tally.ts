import { nowMs } from "../clock.ts";
import { ownCpuUs } from "../process/probe.ts";

/** Limits of a closed loop: its duration and its number of requests. */
export interface LoopLimits {
  /** Requests in flight at any time. */
  readonly concurrency: number;
  /** Duration of the loop. After this time no request is started. */
  readonly durationMs: number;
  readonly requestsMax: number;
}

export interface LoadReport {
  readonly requests: number;
  readonly acceptedMessages: number;
  /** Ids of the accepted messages. Empty when the replies were not read. */
  readonly ids: readonly string[];
  /** Number of requests that were not accepted, by status or error. */
  readonly refused: Readonly<Record<string, number>>;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** CPU time of the process that sent the requests. */
  readonly cpuUs: number;
}

/** Counts the outcomes of the requests of one run, and measures the time and the CPU time of the run. */
export class Tally {
  readonly startedAtMs = nowMs();
  readonly #cpuUsBefore = ownCpuUs();
  readonly #ids: string[] = [];
  readonly #refused: Record<string, number> = {};
  #requests = 0;
  #acceptedMessages = 0;

  accept(messages: number, ids?: readonly string[]): void {
    this.#requests += 1;
    this.#acceptedMessages += messages;
    if (ids !== undefined) for (const id of ids) this.#ids.push(id);
  }

  refuse(why: string): void {
    this.#requests += 1;
    this.#refused[why] = (this.#refused[why] ?? 0) + 1;
  }

  report(): LoadReport {
    return {
      requests: this.#requests,
      acceptedMessages: this.#acceptedMessages,
      ids: this.#ids,
      refused: this.#refused,
      startedAtMs: this.startedAtMs,
      endedAtMs: nowMs(),
      cpuUs: ownCpuUs() - this.#cpuUsBefore,
    };
  }
}

/** Runs `concurrency` senders at a time. A sender calls `more` before each request and stops when `more` is false. */
export async function inClosedLoop(
  { concurrency, durationMs, requestsMax }: LoopLimits,
  sender: (tally: Tally, more: () => boolean) => Promise<void>,
): Promise<LoadReport> {
  const tally = new Tally();
  let started = 0;
  const more = (): boolean => {
    if (started >= requestsMax || nowMs() - tally.startedAtMs >= durationMs) return false;
    started += 1;
    return true;
  };
  await Promise.all(Array.from({ length: concurrency }, () => sender(tally, more)));
  return tally.report();
}
