import { createHmac } from "node:crypto";

const rounds = 6;

/**
 * Returns the number that takes the place of `value` when the numbers from 1 to `max` are put into an order that only
 * the key determines. Different values give different numbers. Numbers that were given out in this order do not show
 * how many were given out before.
 */
export function permuted(key: Uint8Array, value: number, max: number): number {
  const halfBits = Math.ceil(Math.max(2, Math.ceil(Math.log2(max + 1))) / 2);
  let result = value;
  // The cipher permutes all numbers of so many bits. It is repeated until the result is in the range (cycle walking).
  do result = encipher(key, result, halfBits);
  while (result < 1 || result > max);
  return result;
}

/** A Feistel cipher, whose rounds XOR one half of the bits with a hash of the other. */
function encipher(key: Uint8Array, value: number, halfBits: number): number {
  const size = 2 ** halfBits;
  let [left, right] = [Math.floor(value / size), value % size];
  for (let round = 0; round < rounds; round++) {
    const hash = createHmac("sha256", key).update(`${round} ${right}`).digest().readUInt32BE();
    [left, right] = [right, left ^ (hash % size)];
  }
  return left * size + right;
}
