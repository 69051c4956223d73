/**
 * Runs `task` with each number from 0 to count − 1, `atATime` tasks at a time. Rejects with the first error, or after
 * `msMax`.
 */
export async function inParallel(
  count: number,
  atATime: number,
  msMax: number,
  task: (index: number) => Promise<void>,
): Promise<void> {
  const deadline = Date.now() + msMax;
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      if (Date.now() > deadline) throw new Error(`only ${next} of ${count} tasks were started within ${msMax} ms`);
      await task(next++);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atATime, count) }, worker));
}
