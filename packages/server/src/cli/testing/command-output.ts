/** Output of a command, and the waits for more of it. */
export class CommandOutput {
  readonly written = { stdout: "", stderr: "" };
  readonly #waiting = new Set<() => void>();
  #hasEnded = false;

  write(name: "stdout" | "stderr", text: string): void {
    this.written[name] += text;
    this.#check();
  }

  end(): void {
    this.#hasEnded = true;
    this.#check();
  }

  /** Resolves with the first match in past or future output. Rejects when the command ends without a match. */
  match(name: "stdout" | "stderr", pattern: RegExp): Promise<RegExpExecArray> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    const check = (): void => {
      const found = pattern.exec(this.written[name]);
      if (found !== null) resolve(found);
      else if (this.#hasEnded) {
        reject(new Error(`the command ended without ${String(pattern)}: ${JSON.stringify(this.written)}`));
      } else return;
      this.#waiting.delete(check);
    };
    this.#waiting.add(check);
    check();
    return promise;
  }

  #check(): void {
    for (const check of this.#waiting) check();
  }
}
