import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { CommandOutput } from "./command-output.ts";

const main = fileURLToPath(new URL("../../../bin/ringback.js", import.meta.url));

export interface RunningCommand<Signal extends string> {
  /** Resolves with the first match in past or future output. Rejects when the command ends without a match. */
  stdoutMatch(pattern: RegExp): Promise<RegExpExecArray>;
  stderrMatch(pattern: RegExp): Promise<RegExpExecArray>;
  signal(name: Signal): void;
  /** `code` is null when a signal has ended the process. */
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

export type CommandProcess = RunningCommand<NodeJS.Signals>;

export interface CommandInput {
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** A command line that runs the rest of its own line, such as `nice`. */
  readonly prefix?: readonly string[];
}

/** Runs the build of `ringback` as a child process, which gets only the variable PATH of the test's environment. */
export function startCommand(
  args: readonly string[],
  { stdin = "", env = {}, prefix = [] }: CommandInput = {},
): CommandProcess {
  const [file, ...rest] = [...prefix, process.execPath];
  const child = spawn(file, [...rest, main, ...args], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
  });
  const output = new CommandOutput();
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => output.write(name, text));
  }
  const { promise: ended, resolve } = Promise.withResolvers<Awaited<CommandProcess["ended"]>>();
  child.on("close", (code) => {
    output.end();
    resolve({ code, ...output.written });
  });
  child.stdin.on("error", () => undefined).end(stdin);
  return {
    stdoutMatch: (pattern) => output.match("stdout", pattern),
    stderrMatch: (pattern) => output.match("stderr", pattern),
    signal: (name) => void child.kill(name),
    ended,
  };
}

export async function runCommand(args: readonly string[], input?: CommandInput) {
  return startCommand(args, input).ended;
}
