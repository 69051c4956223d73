/** Converts a time to whole seconds, the unit of times in CMQ's API. */
export function seconds(timeMs: number): number {
  return Math.floor(timeMs / 1000);
}
