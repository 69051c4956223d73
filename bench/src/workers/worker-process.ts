import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { end, watch } from "../process/live-processes.ts";
import type { CommandName, Inputs, Mode, ReplyMessage, Result } from "./modes.ts";

const ENTRY = fileURLToPath(new URL("main.ts", import.meta.url));
const STOP_MS_MAX = 2_000;

interface PendingCall {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** A child process that runs one mode and answers the commands of that mode. The first call starts the process. */
export class WorkerProcess<M extends Mode> {
  readonly #mode: M;
  readonly #pending = new Map<number, PendingCall>();
  #process: ChildProcess | null = null;
  #calls = 0;

  constructor(mode: M) {
    this.#mode = mode;
  }

  call<N extends CommandName<M>>(name: N, ...inputs: Inputs<M, N>): Promise<Result<M, N>> {
    const child = (this.#process ??= this.#start());
    const call = ++this.#calls;
    return new Promise((resolve, reject) => {
      this.#pending.set(call, { resolve, reject });
      child.send({ call, name, inputs }, (error) => {
        if (error !== null && this.#pending.delete(call)) reject(error);
      });
    });
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (child !== null) await end(child, () => child.disconnect(), STOP_MS_MAX);
  }

  #start(): ChildProcess {
    const child = fork(ENTRY, [this.#mode], {
      // Messages contain byte arrays and up to a hundred thousand ids. JSON would be slow for these.
      serialization: "advanced",
      execArgv: ["--conditions=ringback-source"],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    watch(child);
    child.on("message", (message: ReplyMessage) => this.#settle(message));
    child.once("exit", (code, signal) => {
      const error = new Error(`worker ${this.#mode} ended (${signal ?? code})`);
      for (const { reject } of this.#pending.values()) reject(error);
      this.#pending.clear();
    });
    return child;
  }

  #settle(message: ReplyMessage): void {
    const pending = this.#pending.get(message.call);
    if (pending === undefined) return;
    this.#pending.delete(message.call);
    if ("error" in message) pending.reject(new Error(message.error));
    // The worker's reply has the type that its command returns.
    else pending.resolve(message.value as never);
  }
}
