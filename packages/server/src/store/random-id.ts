import { randomInt } from "node:crypto";

/** The largest range of `randomInt`. Among a million ids, the next one is new except once in 280 million cases. */
const ID_MAX = 2 ** 48 - 1;

/**
 * Returns an id that shows nothing about other ids. Ids in sequence would show an account how much happens in other
 * accounts.
 */
export function randomId(): number {
  return 1 + randomInt(ID_MAX);
}
