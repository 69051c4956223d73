import { CmqError } from "./errors.ts";
import { FingerprintSet } from "./fingerprint-set.ts";
import { cmqLimits } from "./cmq-limits.ts";

/** Signatures are grouped by time. A whole group is forgotten at once, so that the cost per request is almost zero. */
const groupMs = 10_000;

/**
 * Detects replays by remembering the signatures of the requests in the time window. A signature covers the nonce, the
 * timestamp and all other parameters. The nonce alone would not be enough. `cmq-sdk` chooses among 10,000 numbers and
 * `qcloudapi-sdk` among 65,536, so nonces repeat within seconds. Each process remembers only its own requests. So other
 * nodes do not detect a replay, nor does this node after a restart.
 */
export class SeenRequests {
  readonly #max: number;
  /** The key is the request's timestamp divided by `groupMs`. */
  readonly #groups = new Map<number, FingerprintSet>();
  #count = 0;

  constructor(max: number = cmqLimits.seenRequestsMax) {
    this.#max = max;
  }

  /** Returns false if the request is a replay. Throws `throttled` when too many requests are remembered. */
  add(signature: Uint8Array, timestampMs: number, nowMs: number, windowMs: number): boolean {
    if (this.has(signature, timestampMs)) return false;
    // A new group begins every ten seconds, which is often enough to forget old ones.
    if (!this.#groups.has(groupOf(timestampMs)) || this.#count >= this.#max) this.#forgetBefore(nowMs - windowMs);
    if (this.#count >= this.#max) {
      throw new CmqError("throttled", `more than ${this.#max} requests arrived within the time window`);
    }
    this.remember(signature, timestampMs);
    return true;
  }

  has(signature: Uint8Array, timestampMs: number): boolean {
    return this.#groups.get(groupOf(timestampMs))?.has(fingerprintOf(signature)) === true;
  }

  /** Like `add`, but never refuses. */
  remember(signature: Uint8Array, timestampMs: number): void {
    const group = groupOf(timestampMs);
    let seen = this.#groups.get(group);
    if (seen === undefined) this.#groups.set(group, (seen = new FingerprintSet()));
    const before = seen.size;
    seen.add(fingerprintOf(signature));
    this.#count += seen.size - before;
  }

  get size(): number {
    return this.#count;
  }

  #forgetBefore(timeMs: number): void {
    for (const [group, seen] of this.#groups) {
      if ((group + 1) * groupMs > timeMs) continue;
      this.#groups.delete(group);
      this.#count -= seen.size;
    }
  }
}

function groupOf(timestampMs: number): number {
  return Math.floor(timestampMs / groupMs);
}

/**
 * Returns the first 52 bits of the signature. Clients cannot choose these bits. With a million remembered requests, a
 * new request has an accidental match, and is refused, once in about 4,500 million times.
 */
export function fingerprintOf(signature: Uint8Array): number {
  const view = new DataView(signature.buffer, signature.byteOffset, signature.byteLength);
  return 1 + view.getUint32(0) * 2 ** 20 + (view.getUint32(4) >>> 12);
}
