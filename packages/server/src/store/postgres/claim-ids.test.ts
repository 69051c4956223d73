import { expect, it } from "vitest";
import { ClaimIds } from "./claim-ids.ts";

it("continues in a range of its own when the ids of the node's range are used up", async () => {
  let range = 4;
  const newRange = (): Promise<number> => Promise.resolve(++range);
  const nodes = [new ClaimIds(3, newRange, 8), new ClaimIds(4, newRange, 8)];
  const seen = new Set<number>();
  for (let count = 0; count < 100; count++) {
    for (const ids of nodes) {
      if (!ids.has(3)) await ids.renew();
      for (let each = 0; each < 3; each++) seen.add(ids.next());
    }
  }
  expect(seen.size).toBe(600);
  expect(range).toBe(102);
});

it("creates ids that JavaScript can count, however many nodes were started", async () => {
  const ids = new ClaimIds(2 ** 53 - 1, () => Promise.resolve(2 ** 40 - 1));
  const first = ids.next();
  expect(Number.isSafeInteger(first)).toBe(true);
  expect(ids.next()).toBe(first + 1);
  await ids.renew();
  expect(Number.isSafeInteger(ids.next())).toBe(true);
});
