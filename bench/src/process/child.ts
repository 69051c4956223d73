import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { end, watch } from "./live-processes.ts";
import type { AnswerMessage, Argument, Answer, Commands } from "./rpc.ts";

const STOP_MS_MAX = 2_000;

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** A child of the benchmark that answers commands. */
export class Child<C extends Commands> {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;

  constructor(entry: URL) {
    this.#process = fork(fileURLToPath(entry), [], {
      // Messages carry byte arrays and a hundred thousand ids at a time, which JSON is slow at.
      serialization: "advanced",
      execArgv: ["--conditions=ringback-source"],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    watch(this.#process);
    this.#process.on("message", (message: AnswerMessage<never>) => this.#settle(message));
    this.#process.once("exit", (code, signal) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`a child ended early (${signal ?? code})`));
      this.#waiting.clear();
    });
  }

  call<N extends keyof C & string>(name: N, argument: Argument<C, N>): Promise<Answer<C, N>> {
    const call = ++this.#calls;
    return new Promise((resolve, reject) => {
      this.#waiting.set(call, { resolve, reject });
      this.#process.send({ call, name, argument }, (error) => {
        if (error === null || !this.#waiting.delete(call)) return;
        reject(error);
      });
    });
  }

  stop(): Promise<void> {
    return end(this.#process, () => this.#process.disconnect(), STOP_MS_MAX);
  }

  #settle(message: AnswerMessage<never>): void {
    const waiting = this.#waiting.get(message.call);
    if (waiting === undefined) return;
    this.#waiting.delete(message.call);
    if ("error" in message) waiting.reject(new Error(message.error));
    else waiting.resolve(message.value);
  }
}
