import { clockAt } from "../../domain/testing/clock-at.ts";
import type { CommandContext } from "../context.ts";

export interface FakeContext extends CommandContext {
  readonly written: { stdout: string; stderr: string };
  /** Exit codes passed to `exit`, which does not end the process here. */
  readonly exits: number[];
  /** Sends a stop signal `afterMs` after the previous one. */
  stop(afterMs?: number): void;
}

/** A command's context in memory, without the real process. */
export function createFakeContext(options: { isTTY?: boolean; env?: Record<string, string> } = {}): FakeContext {
  const written = { stdout: "", stderr: "" };
  const exits: number[] = [];
  let nowMs = 1_800_000_000_000;
  const listeners = new Set<() => void>();
  const output = (name: "stdout" | "stderr") => ({
    isTTY: options.isTTY ?? false,
    write: (text: string) => {
      written[name] += text;
    },
  });
  return {
    written,
    exits,
    stdin: Object.assign(noInput(), { isTTY: true }),
    stdout: output("stdout"),
    logTo: output("stdout"),
    stderr: output("stderr"),
    env: { NO_COLOR: "1", ...options.env },
    readFile: (path) => {
      throw new Error(`no file ${path}`);
    },
    onStopSignal(listener) {
      listeners.add(listener);
    },
    exit(code) {
      exits.push(code);
      throw new Error("exit");
    },
    clock: clockAt(() => nowMs),
    stop(afterMs = 0) {
      nowMs += afterMs;
      for (const listener of listeners) listener();
    },
  };
}

async function* noInput(): AsyncGenerator<Uint8Array, void, undefined> {
  // The command has no input.
}
