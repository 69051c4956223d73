import * as fc from "fast-check";
import { expect, test } from "vitest";
import { FifoQueue } from "./fifo-queue.ts";

test("serves in the order of coming, whoever leaves meanwhile", () => {
  const members = Array.from({ length: 40 }, (_, index) => ({ index }));
  const step = fc.tuple(fc.constantFrom("add", "remove", "serve"), fc.nat(39));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const line = new FifoQueue<{ index: number }>();
      const model: number[] = [];
      const served: (number | undefined)[] = [];
      const expected: (number | undefined)[] = [];
      for (const [what, index] of steps) {
        const member = members[index] as { index: number };
        if (what === "add") {
          line.add(member);
          if (!model.includes(index)) model.push(index);
        } else if (what === "remove") {
          line.remove(member);
          if (model.includes(index)) model.splice(model.indexOf(index), 1);
        } else {
          const first = line.first;
          served.push(first?.index);
          expected.push(model.shift());
          if (first !== null) line.remove(first);
        }
        expect(line.size).toBe(model.length);
      }
      expect(served).toEqual(expected);
    }),
  );
});

test("stays in order when many thousands pass through", () => {
  const line = new FifoQueue<{ index: number }>();
  const members = Array.from({ length: 3_000 }, (_, index) => ({ index }));
  for (const member of members) line.add(member);
  for (let round = 0; round < 10_000; round++) {
    const first = line.first as { index: number };
    expect(first.index).toBe(round % 3_000);
    line.remove(first);
    line.add(first);
  }
});
