import * as fc from "fast-check";
import { expect, test } from "vitest";
import { FifoQueue } from "./fifo-queue.ts";

test("returns members in the order in which they were added, even if others are removed", () => {
  const members = Array.from({ length: 40 }, (_, index) => ({ index }));
  const step = fc.tuple(fc.constantFrom("add", "remove", "serve"), fc.nat(39));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const queue = new FifoQueue<{ index: number }>();
      const model: number[] = [];
      const served: (number | undefined)[] = [];
      const expected: (number | undefined)[] = [];
      for (const [what, index] of steps) {
        const member = members[index] as { index: number };
        if (what === "add") {
          queue.add(member);
          if (!model.includes(index)) model.push(index);
        } else if (what === "remove") {
          queue.remove(member);
          if (model.includes(index)) model.splice(model.indexOf(index), 1);
        } else {
          const first = queue.first;
          served.push(first?.index);
          expected.push(model.shift());
          if (first !== null) queue.remove(first);
        }
        expect(queue.size).toBe(model.length);
      }
      expect(served).toEqual(expected);
    }),
  );
});

test("keeps the order over many thousands of members", () => {
  const queue = new FifoQueue<{ index: number }>();
  const members = Array.from({ length: 3_000 }, (_, index) => ({ index }));
  for (const member of members) queue.add(member);
  for (let round = 0; round < 10_000; round++) {
    const first = queue.first as { index: number };
    expect(first.index).toBe(round % 3_000);
    queue.remove(first);
    queue.add(first);
  }
});
