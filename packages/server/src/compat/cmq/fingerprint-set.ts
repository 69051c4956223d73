const slotsAtFirst = 64;

/** A set of whole numbers above 0, open addressing in one typed array: at most 24 bytes for each, a fifth of what a `Set` takes. */
export class FingerprintSet {
  #slots = new Float64Array(slotsAtFirst);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(value: number): boolean {
    return this.#slots[placeOf(this.#slots, value)] === value;
  }

  add(value: number): void {
    if (this.has(value)) return;
    if ((this.#size + 1) * 3 > this.#slots.length * 2) this.#grow();
    this.#slots[placeOf(this.#slots, value)] = value;
    this.#size++;
  }

  #grow(): void {
    const larger = new Float64Array(this.#slots.length * 2);
    for (const value of this.#slots) if (value !== 0) larger[placeOf(larger, value)] = value;
    this.#slots = larger;
  }
}

/** Where the value is, or would be. There is always a free place, so this ends. */
function placeOf(slots: Float64Array, value: number): number {
  let place = value % slots.length;
  for (let at = slots[place]; at !== 0 && at !== value; at = slots[place]) place = (place + 1) % slots.length;
  return place;
}
