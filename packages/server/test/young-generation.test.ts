/** Real: Node processes that fill their heaps. Nothing is faked. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";

/**
 * Objects that survive many collections, so that V8 lets the young generation grow. Prints whether the young generation
 * is limited, and its size in MiB.
 */
const fill = `
  import { getHeapSpaceStatistics } from "node:v8";
  import { limitYoungGeneration } from "${new URL("../bin/young-generation.js", import.meta.url).href}";
  const isLimited = limitYoungGeneration();
  const kept = [];
  for (let turn = 0; turn < 400; turn++) {
    for (let count = 0; count < 10_000; count++) kept[(turn * 10_000 + count) % 200_000] = { turn, count: [count] };
    await new Promise((resolve) => setImmediate(resolve));
  }
  const young = getHeapSpaceStatistics().find((space) => space.space_name === "new_space");
  console.log(JSON.stringify({ isLimited, mib: young.space_size / 2 ** 20 }));
  process.exit();
`;

async function fillHeap(flags: readonly string[], nodeOptions: string): Promise<{ isLimited: boolean; mib: number }> {
  const child = promisify(execFile)(process.execPath, [...flags, "--input-type=module", "--eval", fill], {
    env: { ...process.env, NODE_OPTIONS: nodeOptions },
  });
  return JSON.parse((await child).stdout) as { isLimited: boolean; mib: number };
}

// V8's own limit is 56. On a busy machine two collections can come before the observer hears of the first, so that
// there is one more step: 28 was seen.
it("keeps the young generation small", async () => {
  const { isLimited, mib } = await fillHeap([], "");
  expect(isLimited).toBe(true);
  expect(mib).toBeLessThan(40);
});

it("leaves the size to the user's flags", async () => {
  expect(await fillHeap(["--max-semi-space-size=16"], "")).toMatchObject({ isLimited: false });
  expect(await fillHeap([], "--max_semi_space_size=16")).toMatchObject({ isLimited: false });
});
