import { limits } from "../../domain/limits.ts";
import { CmqError } from "./errors.ts";
import { FingerprintSet } from "./fingerprint-set.ts";

/** Requests are forgotten a slot at a time, so that forgetting costs nothing per request. */
const slotMs = 10_000;

/**
 * The requests of the time window, by their signatures, which are over the nonce, the timestamp and everything else. A nonce alone
 * would not do: `cmq-sdk` draws them from ten thousand numbers and `qcloudapi-sdk` from sixty-five thousand, so at a few
 * dozen requests a second two different ones have the same within a second. Of this process alone: another node of the same
 * database, or this one after a start, has not seen them.
 */
export class SeenRequests {
  readonly #max: number;
  /** By the slot of the request's own timestamp. */
  readonly #slots = new Map<number, FingerprintSet>();
  #count = 0;

  constructor(max: number = limits.cmqSeenRequestsMax) {
    this.#max = max;
  }

  /** False when it is here already. Throws when there is no room for more. */
  add(signature: Uint8Array, timestampMs: number, nowMs: number, windowMs: number): boolean {
    const slot = Math.floor(timestampMs / slotMs);
    const fingerprint = fingerprintOf(signature);
    let seen = this.#slots.get(slot);
    if (seen?.has(fingerprint) === true) return false;
    if (seen === undefined) {
      // Made once in ten seconds, so this is also when to look what may go.
      this.#forgetBefore(nowMs - windowMs);
      this.#slots.set(slot, (seen = new FingerprintSet()));
    }
    if (this.#count >= this.#max) {
      this.#forgetBefore(nowMs - windowMs);
      if (this.#count >= this.#max) {
        throw new CmqError("throttled", `more than ${this.#max} requests came within the time window`);
      }
    }
    seen.add(fingerprint);
    this.#count++;
    return true;
  }

  get size(): number {
    return this.#count;
  }

  #forgetBefore(timeMs: number): void {
    for (const [slot, seen] of this.#slots) {
      if ((slot + 1) * slotMs > timeMs) continue;
      this.#slots.delete(slot);
      this.#count -= seen.size;
    }
  }
}

/** 52 bits of a MAC that nobody can choose: among a million others one is taken for another once in four thousand million requests. */
function fingerprintOf(signature: Uint8Array): number {
  const view = new DataView(signature.buffer, signature.byteOffset, signature.byteLength);
  return 1 + view.getUint32(0) * 2 ** 20 + (view.getUint32(4) >>> 12);
}
