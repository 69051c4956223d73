import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { accepts } from "./accepts.ts";
import { until } from "./until.ts";

const run = promisify(execFile);

/** Returns whether a program is installed on this machine. Used for programs that npm does not install. */
export async function isInstalled(name: string): Promise<boolean> {
  return run(name, ["--version"]).then(
    () => true,
    () => false,
  );
}

/** Runs a command line in a shell, and returns its output. Throws when the command fails. */
export async function runInShell(line: string): Promise<string> {
  return (await run("sh", ["-c", line])).stdout;
}

export interface Program extends AsyncDisposable {
  /** Sends a signal to the program and to all processes that it has started. A terminal does the same for Ctrl-C. */
  signalGroup(name: NodeJS.Signals): void;
  /** Everything printed so far. */
  output(): string;
  readonly ended: Promise<void>;
}

/**
 * Starts any program as a child process with a process group of its own, as a shell at a terminal does. The output is
 * kept. The whole group is ended at the end of the test.
 */
export function startProgram(command: string, args: readonly string[], cwd?: string, env?: NodeJS.ProcessEnv): Program {
  const child: ChildProcess = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], cwd, env, detached: true });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => (output += text));
  }
  const ended = once(child, "close").then(() => undefined);
  const signalGroup = (name: NodeJS.Signals): void => {
    // A missing pid must not become group 0, which is the group of this process.
    if (child.pid !== undefined) process.kill(-child.pid, name);
  };
  return {
    signalGroup,
    output: () => output,
    ended,
    async [Symbol.asyncDispose]() {
      try {
        signalGroup("SIGKILL");
      } catch {
        // The group has ended already.
      }
      await ended;
    },
  };
}

/** Waits until the program listens on the port. Fails with the program's output if the program ends before. */
export async function untilListening(name: string, program: Program, port: number): Promise<void> {
  const failed = program.ended.then(() => {
    throw new Error(`${name} has ended: ${program.output()}`);
  });
  await Promise.race([failed, until(`${name} listens`, () => accepts(port), Boolean)]);
}
