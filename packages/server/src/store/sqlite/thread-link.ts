import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import { Worker, type Transferable } from "node:worker_threads";
import { RingbackError } from "../../domain/errors.ts";
import type { ThreadTask } from "./database-thread.ts";
import { databaseThreadFile } from "./database-thread-file.ts";
import { asJobError, type JobAnswer, type JobLink, type Jobs } from "./jobs.ts";

/** The connection from the event loop to a database thread. Results come in the order of the calls. */
export class ThreadLink<J extends Jobs> implements JobLink<J> {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  #lastId = 0;
  #ended: Error | null = null;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on("message", (answer: JobAnswer) => this.#answer(answer));
    worker.on("error", (error) => this.#end(asStoreError(error as Error)));
    worker.on("exit", () => this.#end(new RingbackError("shutting_down")));
  }

  /** Resolves when the thread has opened the database. */
  static async start<J extends Jobs>(task: ThreadTask): Promise<ThreadLink<J>> {
    const worker = new Worker(databaseThreadFile, {
      workerData: task,
      name: task.limits === null ? "read-thread" : "write-thread",
      env: compileCacheEnvironment(),
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    const link = new ThreadLink<J>(worker);
    await new Promise<void>((resolve, reject) => link.#waiting.set(0, { resolve, reject }));
    return link;
  }

  call<N extends keyof J & string>(
    name: N,
    input: Parameters<J[N]>[0],
    transfer: readonly Transferable[] = [],
  ): Promise<ReturnType<J[N]>> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, { resolve: resolve as never, reject });
      this.#worker.postMessage({ id, name, input }, transfer as Transferable[]);
    });
  }

  async close(): Promise<void> {
    if (this.#ended !== null) return;
    const exited = new Promise<void>((resolve) => this.#worker.once("exit", () => resolve()));
    await this.call("close", null);
    await exited;
  }

  #answer(answer: JobAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    if (waiting === undefined) return;
    this.#waiting.delete(answer.id);
    if (answer.failure === undefined) waiting.resolve(answer.result as never);
    else waiting.reject(asJobError(answer.failure));
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const waiting of this.#waiting.values()) waiting.reject(this.#ended);
    this.#waiting.clear();
  }
}

/**
 * Memory of a thread for young objects. By default, V8 lets up to 48 MB of garbage accumulate in each thread. These
 * threads keep nearly no objects from one job to the next, so less memory is enough.
 */
const YOUNG_GENERATION_MB = 6;

/**
 * Passes the compile cache on, since a thread does not inherit it. Otherwise each thread loads the TypeScript stripper.
 */
function compileCacheEnvironment(): Record<string, string> {
  const folder = getCompileCacheDir();
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: dirname(folder) };
}

function asStoreError(error: Error): Error {
  // An error of the schema check comes from the thread as a plain object with a `code`.
  const code = (error as { code?: unknown }).code;
  if (code === "storage_unavailable") return new RingbackError("storage_unavailable", error.message);
  return new RingbackError("storage_unavailable", `The database cannot be opened: ${error.message}`, { cause: error });
}
