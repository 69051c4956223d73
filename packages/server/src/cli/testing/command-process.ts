import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../../bin/ringback.js", import.meta.url));

export interface CommandProcess {
  /** Resolves with the first match in the past or future output. Rejects if the process ends without a match. */
  stdoutMatch(pattern: RegExp): Promise<RegExpExecArray>;
  stderrMatch(pattern: RegExp): Promise<RegExpExecArray>;
  signal(name: "SIGINT" | "SIGTERM" | "SIGKILL" | "SIGSTOP" | "SIGCONT"): void;
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

export interface ProcessInput {
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs `ringback` as a child process. Of the environment only PATH is passed on. */
export function startCommand(args: readonly string[], { stdin = "", env = {} }: ProcessInput = {}): CommandProcess {
  const child = spawn(process.execPath, ["--conditions=ringback-source", main, ...args], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
  });
  const written = { stdout: "", stderr: "" };
  const waiting = new Set<() => void>();
  let hasEnded = false;
  const checkAll = () => {
    for (const check of waiting) check();
  };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      written[name] += text;
      checkAll();
    });
  }
  const { promise: ended, resolve } = Promise.withResolvers<{ code: number | null; stdout: string; stderr: string }>();
  child.on("close", (code) => {
    hasEnded = true;
    checkAll();
    resolve({ code, ...written });
  });
  child.stdin.on("error", () => undefined).end(stdin);

  async function match(name: "stdout" | "stderr", pattern: RegExp): Promise<RegExpExecArray> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    const check = () => {
      const matched = pattern.exec(written[name]);
      if (matched !== null) resolve(matched);
      else if (hasEnded) reject(new Error(`the process ended without ${String(pattern)}: ${JSON.stringify(written)}`));
      else return;
      waiting.delete(check);
    };
    waiting.add(check);
    check();
    return promise;
  }

  return {
    stdoutMatch: (pattern) => match("stdout", pattern),
    stderrMatch: (pattern) => match("stderr", pattern),
    signal: (name) => void child.kill(name),
    ended,
  };
}

export async function runCommand(args: readonly string[], input?: ProcessInput) {
  return startCommand(args, input).ended;
}
