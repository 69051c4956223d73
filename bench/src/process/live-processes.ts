import type { ChildProcess } from "node:child_process";

/** Every process that the benchmark started and that still runs: whatever ends the benchmark, none outlives it. */
const live = new Set<ChildProcess>();

export function watch(child: ChildProcess): void {
  live.add(child);
  child.once("exit", () => live.delete(child));
}

export function killAll(): void {
  for (const child of live) child.kill("SIGKILL");
}

process.once("exit", killAll);

/** Asks it to end by `ask`, and ends it by force when it has not within `graceMs`. */
export async function end(child: ChildProcess, ask: () => void, graceMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  ask();
  const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
  await gone;
  clearTimeout(timer);
}
