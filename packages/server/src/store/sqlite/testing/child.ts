import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

/** A process of its own that runs one of the scripts beside this file and says what it does line by line. */
export class Child {
  readonly #process: ChildProcess;
  readonly lines: string[] = [];
  #rest = "";
  #wake: (() => void) | null = null;
  #ended: number | string | null = null;

  private constructor(process: ChildProcess) {
    this.#process = process;
    process.stdout?.setEncoding("utf8").on("data", (text: string) => this.#heard(text));
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

  /** Waits until it has said this many lines, or has ended. */
  async said(count: number): Promise<readonly string[]> {
    while (this.lines.length < count && this.#ended === null) await this.#change();
    return this.lines;
  }

  /** `kill -9`; resolves when it is gone and everything that it said has been heard. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.ended();
  }

  /** Its exit code, or the signal that ended it. */
  async ended(): Promise<number | string> {
    while (this.#ended === null) await this.#change();
    return this.#ended;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }

  #heard(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    this.lines.push(...lines);
    this.#wake?.();
  }
}
