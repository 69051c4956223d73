import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type Linked, LinkedList } from "./linked-list.ts";

interface Node extends Linked<Node> {
  readonly id: number;
}

function ids(list: LinkedList<Node>): number[] {
  const found: number[] = [];
  for (let node = list.first; node !== null; node = node.next) found.push(node.id);
  return found;
}

test("has the same members as an array after appending and removing anywhere", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), (steps) => {
      const list = new LinkedList<Node>();
      const nodes = new Map<number, Node>();
      let model: number[] = [];
      for (const id of steps) {
        const known = nodes.get(id);
        if (known === undefined) {
          const node: Node = { id, previous: null, next: null };
          nodes.set(id, node);
          list.append(node);
          model.push(id);
        } else {
          nodes.delete(id);
          list.remove(known);
          model = model.filter((other) => other !== id);
        }
        expect(ids(list)).toEqual(model);
      }
    }),
  );
});
