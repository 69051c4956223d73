import type { MessagePort, Transferable } from "node:worker_threads";
import { RingbackError } from "../../domain/errors.ts";

/** Jobs by name. They run one after the other. */
// oxlint-disable-next-line typescript/no-explicit-any -- the caller's side is typed by `JobLink`
export type Jobs = Record<string, (input: any) => unknown>;

/** Calls the jobs of a database. Results come in the order of the calls. */
export interface JobLink<J extends Jobs> {
  call<N extends keyof J & string>(
    name: N,
    input: Parameters<J[N]>[0],
    transfer?: readonly Transferable[],
  ): Promise<ReturnType<J[N]>>;
  close(): Promise<void>;
}

/** Runs each job at once, on the caller's thread. */
export function directLink<J extends Jobs>(jobs: J): JobLink<J> {
  return {
    call: async (name, input) => {
      try {
        return (jobs[name] as J[typeof name])(input) as ReturnType<J[typeof name]>;
      } catch (error) {
        throw asJobError(failureOf(error));
      }
    },
    close: async () => {},
  };
}

export interface JobCall {
  readonly id: number;
  readonly name: string;
  readonly input: unknown;
}

/** A failure in the form in which a thread sends it. SQLite's result code determines the error that the caller gets. */
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

/** Answers the calls of a `ThreadLink`. The job `close` calls `closed`, and is the last one. */
export function serve(port: MessagePort, jobs: Jobs, closed: () => void): void {
  const all: Jobs = { ...jobs, close: closed };
  port.on("message", ({ id, name, input }: JobCall) => {
    let answer: JobAnswer;
    try {
      answer = { id, result: (all[name] as Jobs[string])(input) };
    } catch (error) {
      answer = { id, failure: failureOf(error) };
    }
    port.postMessage(answer);
    if (name === "close") port.close();
  });
  port.postMessage({ id: 0 } satisfies JobAnswer);
}

function failureOf(error: unknown): JobFailure {
  return {
    message: error instanceof Error ? error.message : String(error),
    sqliteCode: (error as { errcode?: number }).errcode ?? null,
  };
}

const SQLITE_FULL = 13;
/** Codes that report a fault of the statement or of a value, not of the disk. A retry would not help. */
const callerFaults: ReadonlySet<number> = new Set([
  1 /* ERROR */, 18 /* TOOBIG */, 19 /* CONSTRAINT */, 20 /* MISMATCH */, 21 /* MISUSE */, 25 /* RANGE */,
]);

/** Whether the disk caused the failure, so that a retry may succeed. Otherwise the rows cannot be stored. */
export function isStorageFault(error: unknown): boolean {
  return !(error instanceof RingbackError) || error.code !== "internal";
}

export function asJobError(failure: JobFailure): RingbackError {
  const cause = new Error(failure.message);
  // The low byte of an extended result code is the primary result code.
  const primary = failure.sqliteCode === null ? null : failure.sqliteCode & 0xff;
  if (primary === null || callerFaults.has(primary)) return new RingbackError("internal", undefined, { cause });
  return new RingbackError(primary === SQLITE_FULL ? "storage_full" : "storage_unavailable", undefined, { cause });
}
