import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Whether a program that npm does not install is on this machine. */
export async function isInstalled(name: string): Promise<boolean> {
  return run(name, ["--version"]).then(
    () => true,
    () => false,
  );
}

/** Runs a line as a person types it, and returns its output. Throws when the line fails. */
export async function runInShell(line: string): Promise<string> {
  return (await run("sh", ["-c", line])).stdout;
}

export interface Program extends AsyncDisposable {
  /** Signals the program and everything that it has started, as a terminal does for Ctrl-C. */
  signalGroup(name: NodeJS.Signals): void;
  /** Everything printed so far. */
  output(): string;
  readonly ended: Promise<void>;
}

/**
 * Starts any program as a child, at the head of a process group of its own, as a shell at a terminal does. Keeps its
 * output, and ends the whole group with the test.
 */
export function startProgram(command: string, args: readonly string[], cwd?: string): Program {
  const child: ChildProcess = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], cwd, detached: true });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => (output += text));
  }
  const ended = once(child, "close").then(() => undefined);
  const signalGroup = (name: NodeJS.Signals): void => {
    // Never group 0, which is the group of this process.
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
