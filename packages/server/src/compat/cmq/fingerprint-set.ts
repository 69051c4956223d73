const slotsInitial = 64;

/**
 * A set of positive integers: a hash table with open addressing in one typed array. Needs at most 24 bytes per number,
 * a fifth of the memory of a `Set`.
 */
export class FingerprintSet {
  #slots = new Float64Array(slotsInitial);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(value: number): boolean {
    return this.#slots[indexOf(this.#slots, value)] === value;
  }

  add(value: number): void {
    if (this.has(value)) return;
    if ((this.#size + 1) * 3 > this.#slots.length * 2) this.#grow();
    this.#slots[indexOf(this.#slots, value)] = value;
    this.#size++;
  }

  #grow(): void {
    const larger = new Float64Array(this.#slots.length * 2);
    for (const value of this.#slots) if (value !== 0) larger[indexOf(larger, value)] = value;
    this.#slots = larger;
  }
}

/**
 * Returns the index of the value, or of the free slot for the value. The loop always ends, because the table is never
 * full.
 */
function indexOf(slots: Float64Array, value: number): number {
  let index = value % slots.length;
  for (let at = slots[index]; at !== 0 && at !== value; at = slots[index]) index = (index + 1) % slots.length;
  return index;
}
