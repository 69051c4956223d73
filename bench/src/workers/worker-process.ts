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

/** A child process that runs one mode and answers the commands of that mode, over Node's own channel. */
export class WorkerProcess<M extends Mode> {
  readonly #process: ChildProcess;
  readonly #pending = new Map<number, PendingCall>();
  #calls = 0;

  constructor(mode: M) {
    this.#process = fork(ENTRY, [mode], {
      // Messages carry byte arrays and a hundred thousand ids at a time, and JSON would be slow for those.
      serialization: "advanced",
      execArgv: ["--conditions=ringback-source"],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    watch(this.#process);
    this.#process.on("message", (message: ReplyMessage) => this.#settle(message));
    this.#process.once("exit", (code, signal) => {
      for (const { reject } of this.#pending.values()) reject(new Error(`worker ${mode} ended (${signal ?? code})`));
      this.#pending.clear();
    });
  }

  call<N extends CommandName<M>>(name: N, ...inputs: Inputs<M, N>): Promise<Result<M, N>> {
    const call = ++this.#calls;
    return new Promise((resolve, reject) => {
      this.#pending.set(call, { resolve, reject });
      this.#process.send({ call, name, inputs }, (error) => {
        if (error !== null && this.#pending.delete(call)) reject(error);
      });
    });
  }

  stop(): Promise<void> {
    return end(this.#process, () => this.#process.disconnect(), STOP_MS_MAX);
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
