import { spawn } from "node:child_process";
import { once } from "node:events";

/** A shell that stays open between commands, so that functions and variables of earlier ones are known. */
export class ShellSession implements AsyncDisposable {
  readonly #shell = spawn("sh", { stdio: "pipe" });
  #output = "";
  #waiting: (() => void) | null = null;
  #commands = 0;

  constructor() {
    for (const stream of [this.#shell.stdout, this.#shell.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.#output += text;
        this.#waiting?.();
      });
    }
  }

  /** Runs the commands, and returns what they print to both streams. */
  async run(commands: string): Promise<string> {
    const mark = `:end of ${++this.#commands}:`;
    this.#output = "";
    this.#shell.stdin.write(`${commands}\necho '${mark}'\n`);
    while (!this.#output.includes(mark)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting = resolve;
      await promise;
    }
    return this.#output.slice(0, this.#output.indexOf(mark));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#shell, "close");
    this.#shell.stdin.end();
    await closed;
  }
}
