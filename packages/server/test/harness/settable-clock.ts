import { renameSync, writeFileSync } from "node:fs";

const preload = new URL("./settable-clock.mjs", import.meta.url).href;

/** The clock of a server in another process, which a test can set while the server runs. */
export class SettableClock {
  /** Environment variables of the server. */
  readonly env: Readonly<Record<string, string>>;
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
    this.env = { NODE_OPTIONS: `--import=${preload}`, TEST_CLOCK_FILE: file };
    this.set(0);
  }

  /** Sets the server's clock this far ahead of the machine's clock. */
  set(aheadMs: number): void {
    // The server must not read a file that is half written.
    writeFileSync(`${this.#file}.new`, String(aheadMs));
    renameSync(`${this.#file}.new`, this.#file);
  }
}
