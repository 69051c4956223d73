import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

/** A child process that runs a script of this folder and reports its progress in lines. */
export class Child {
  readonly #process: ChildProcess;
  readonly lines: string[] = [];
  #rest = "";
  #wake: (() => void) | null = null;
  #ended: number | string | null = null;

  private constructor(process: ChildProcess) {
    this.#process = process;
    process.stdout?.setEncoding("utf8").on("data", (text: string) => this.#receive(text));
    process.once("close", (code, signal) => {
      this.#ended = signal ?? code ?? 0;
      this.#wake?.();
    });
  }

  static start(script: string, ...args: readonly string[]): Child {
    const file = fileURLToPath(new URL(script, import.meta.url));
    const node = ["--conditions=ringback-source", "--no-warnings", file, ...args];
    return new Child(spawn(process.execPath, node, { stdio: ["ignore", "pipe", "inherit"] }));
  }

  /** Resolves when the process has written `count` lines, or has ended. */
  async readLines(count: number): Promise<readonly string[]> {
    while (this.lines.length < count && this.#ended === null) await this.#change();
    return this.lines;
  }

  /** Sends SIGKILL. Resolves when the process has ended and all its output is in `lines`. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.ended();
  }

  /** Resolves with the exit code, or with the signal that ended the process. */
  async ended(): Promise<number | string> {
    while (this.#ended === null) await this.#change();
    return this.#ended;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }

  #receive(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    this.lines.push(...lines);
    this.#wake?.();
  }
}
