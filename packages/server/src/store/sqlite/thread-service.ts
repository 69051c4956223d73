import type { MessagePort } from "node:worker_threads";

/** Jobs by name. They run one after the other on a thread of their own. */
// oxlint-disable-next-line typescript/no-explicit-any -- the caller's side is typed by `Jobs`, see thread-link.ts
export type Jobs = Record<string, (input: any) => unknown>;

export interface JobCall {
  readonly id: number;
  readonly name: string;
  readonly input: unknown;
}

/** A failure on its way between threads. SQLite's code determines the caller's error. */
export interface JobFailure {
  readonly message: string;
  /** SQLite's extended result code; null: the failure is not SQLite's. */
  readonly sqliteCode: number | null;
}

export interface JobAnswer {
  readonly id: number;
  readonly result?: unknown;
  readonly failure?: JobFailure;
}

export function serve(port: MessagePort, jobs: Jobs): void {
  port.on("message", (call: JobCall) => {
    const answer: { id: number; result?: unknown; failure?: JobFailure } = { id: call.id };
    try {
      answer.result = (jobs[call.name] as (input: unknown) => unknown)(call.input);
    } catch (error) {
      answer.failure = {
        message: error instanceof Error ? error.message : String(error),
        sqliteCode: (error as { errcode?: number }).errcode ?? null,
      };
    }
    port.postMessage(answer);
    if (call.name === "close") port.close();
  });
  port.postMessage({ id: 0 } satisfies JobAnswer);
}
