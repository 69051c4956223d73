import { readFileSync } from "node:fs";
import { systemClock } from "../../domain/ports.ts";
import { run } from "../run.ts";
import { CommandOutput } from "./command-output.ts";
import type { CommandInput, RunningCommand } from "./command-process.ts";

export type CommandInProcess = RunningCommand<"SIGINT" | "SIGTERM">;

/**
 * Runs a command inside the test's process, because starting a child process takes half a second of CPU time or more.
 * Sockets, clock and files are real. The test provides streams, environment and signals.
 */
export function startCommandInProcess(
  args: readonly string[],
  { stdin = "", env = {} }: CommandInput = {},
): CommandInProcess {
  const output = new CommandOutput();
  const listeners = new Set<() => void>();
  const stream = (name: "stdout" | "stderr") => ({ write: (text: string) => output.write(name, text) });
  const code = run(
    args,
    {
      stdin: pipe(stdin),
      stdout: stream("stdout"),
      stderr: stream("stderr"),
      logTo: stream("stdout"),
      env,
      readFile: (path) => readFileSync(path),
      onStopSignal: (listener) => void listeners.add(listener),
      clock: systemClock,
      exit: (exitCode) => {
        throw new Error(`a command in this process must not end it, with ${exitCode}`);
      },
    },
    async () => (await import("../../server.ts")).startServer,
  );
  return {
    stdoutMatch: (pattern) => output.match("stdout", pattern),
    stderrMatch: (pattern) => output.match("stderr", pattern),
    signal() {
      for (const listener of listeners) listener();
    },
    ended: code.then((value) => {
      // A process that has ended gets no more signals.
      listeners.clear();
      output.end();
      return { code: value, ...output.written };
    }),
  };
}

export async function runCommandInProcess(args: readonly string[], input?: CommandInput) {
  return startCommandInProcess(args, input).ended;
}

async function* pipe(text: string | Uint8Array): AsyncGenerator<Uint8Array> {
  if (text.length > 0) yield Buffer.from(text);
}
