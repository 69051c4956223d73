import type { Random } from "../../domain/ports.ts";

/** Generates unsigned integers as decimal strings, at random, so that no id shows how many there were before. */
export function requestIds(random: Random): () => string {
  return () => String(1 + Math.floor(random.next() * (2 ** 52 - 1)));
}
