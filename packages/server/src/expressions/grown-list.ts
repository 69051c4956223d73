import type { CelList, CelValue } from "@bufbuild/cel";
import { useSteps } from "./steps.ts";

const listMark = Symbol.for("@bufbuild/cel/list");

/**
 * The first items of an array that may grow. The macros `map` and `filter` append to a list item by item, so the list
 * that was appended last grows in place, and each other list is copied. The library's own lists would nest.
 */
class GrownList {
  readonly [listMark] = true;
  readonly #items: CelValue[];
  readonly size: number;

  constructor(items: CelValue[]) {
    this.#items = items;
    this.size = items.length;
  }

  get(index: number): CelValue | undefined {
    return index >= 0 && index < this.size ? this.#items[index] : undefined;
  }

  *values(): Generator<CelValue> {
    for (let index = 0; index < this.size; index++) yield this.#items[index] as CelValue;
  }

  [Symbol.iterator](): Generator<CelValue> {
    return this.values();
  }

  plus(further: CelList): GrownList {
    const isLast = this.#items.length === this.size;
    if (!isLast) useSteps(this.size);
    const items = isLast ? this.#items : this.#items.slice(0, this.size);
    for (const item of further) items.push(item);
    return new GrownList(items);
  }
}

export function joinLists(first: CelList, second: CelList): CelList {
  useSteps(second.size);
  if (first instanceof GrownList) return asList(first.plus(second));
  useSteps(first.size);
  return asList(new GrownList([...first, ...second]));
}

function asList(list: GrownList): CelList {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the library knows its lists by their mark
  return list as unknown as CelList;
}
