/** Runs `task` for 0 … count − 1, so many at a time. Fails with the first failure, or when `msMax` is over. */
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
      if (Date.now() > deadline) throw new Error(`only ${next} of ${count} were done within ${msMax} ms`);
      await task(next++);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atATime, count) }, worker));
}
