/** CMQ's API has times in whole seconds. */
export function seconds(timeMs: number): number {
  return Math.floor(timeMs / 1000);
}
