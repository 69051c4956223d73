import type { ChildProcess } from "node:child_process";

/** Child processes of the benchmark that run now. All of them are killed when the benchmark ends. */
const live = new Set<ChildProcess>();

export function watch(child: ChildProcess): void {
  live.add(child);
  child.once("exit", () => live.delete(child));
}

process.once("exit", () => {
  for (const child of live) child.kill("SIGKILL");
});

/** Ends a process: calls `request`, waits for the exit, and kills the process after `graceMs`. */
export async function end(child: ChildProcess, request: () => void, graceMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  request();
  const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
  await exited;
  clearTimeout(timer);
}
