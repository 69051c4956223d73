import { nowMs } from "../clock.ts";
import { ownCpuUs } from "../process/own-cpu.ts";
import type { LoadReport, Target } from "./commands.ts";

/** Counts what became of the requests of one run. */
export class Tally {
  readonly #target: Target;
  readonly #startedAtMs = nowMs();
  readonly #cpuUsBefore = ownCpuUs();
  readonly #ids: string[] = [];
  readonly #refused: Record<string, number> = {};
  #requests = 0;
  #accepted = 0;

  constructor(target: Target) {
    this.#target = target;
  }

  answered(status: number, body: string): void {
    this.#requests += 1;
    if (status !== this.#target.okStatus) {
      this.#refuse(String(status));
      return;
    }
    this.#accepted += this.#target.messagesPerRequest;
    if (this.#target.readIds) this.#ids.push(...idsOf(body));
  }

  failed(error: Error & { code?: string }): void {
    this.#requests += 1;
    this.#refuse(error.code ?? error.name);
  }

  report(): LoadReport {
    return {
      requests: this.#requests,
      acceptedMessages: this.#accepted,
      ids: this.#ids,
      refused: this.#refused,
      startedAtMs: this.#startedAtMs,
      endedAtMs: nowMs(),
      cpuUs: ownCpuUs() - this.#cpuUsBefore,
    };
  }

  #refuse(why: string): void {
    this.#refused[why] = (this.#refused[why] ?? 0) + 1;
  }
}

function idsOf(body: string): string[] {
  const answer: { id?: string; messages?: { id: string }[] } = JSON.parse(body);
  return answer.messages === undefined ? [String(answer.id)] : answer.messages.map(({ id }) => id);
}
