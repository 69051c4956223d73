/** The delays before a message comes again: after its first failed attempt, its second, and so on; the last repeats. */
export const retryDelaysMsDefault: readonly number[] = [1, 2, 5, 10, 30, 60, 300].map((seconds) => seconds * 1000);

export function retryDelayMs(delaysMs: readonly number[], attempt: number): number {
  return delaysMs[Math.min(attempt, delaysMs.length) - 1] ?? 0;
}
