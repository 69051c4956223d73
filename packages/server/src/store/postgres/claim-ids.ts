import type { ClaimId } from "../log.ts";

/** Ids in one range. Even a busy node uses up a range only after hours. */
const IDS_PER_RANGE = 2 ** 26;
/** With so many ranges, ids stay below 2^53. The ranges are then used again, when the claims of long ago are gone. */
const RANGES = 2 ** 27;

/** Creates the ids of a node's claims, in ranges that no other node has. */
export class ClaimIds {
  readonly #newRange: () => Promise<number>;
  readonly #perRange: number;
  #last = 0;
  #end = 0;

  /** `newRange` returns a number that no node has used for a range. The first range is that of the node's own id. */
  constructor(nodeId: number, newRange: () => Promise<number>, perRange = IDS_PER_RANGE) {
    this.#newRange = newRange;
    this.#perRange = perRange;
    this.#begin(nodeId);
  }

  /** Whether `next` can be called so many times. Otherwise `renew` must be called first. */
  has(count: number): boolean {
    return this.#end - this.#last >= count;
  }

  async renew(): Promise<void> {
    this.#begin(await this.#newRange());
  }

  next(): ClaimId {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the brand is given here.
    return ++this.#last as ClaimId;
  }

  #begin(range: number): void {
    this.#last = (range % RANGES) * this.#perRange;
    this.#end = this.#last + this.#perRange - 1;
  }
}
