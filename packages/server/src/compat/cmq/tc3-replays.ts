import { createHash } from "node:crypto";
import { CmqError } from "./errors.ts";
import { FingerprintSet } from "./fingerprint-set.ts";
import { cmqLimits } from "./cmq-limits.ts";
import { fingerprintOf, type SeenRequests } from "./seen-requests.ts";

export interface Tc3SignedCall {
  readonly action: string;
  readonly signature: Uint8Array;
  /** Not covered by the signature if the client says so. */
  readonly body: Uint8Array;
  readonly timestampMs: number;
}

/** Repeating one of these changes nothing: it reads, or it fails because the first one succeeded. */
const harmless = /^(?:Describe|Create|Delete)/;

/**
 * Refuses replays in the newer API. Its signatures have no nonce, and they rarely cover the action. Two honest requests
 * of one second have the same signature if their bodies are equal, even if their actions differ. So a signature alone
 * does not prove a replay. Two rules refuse replays and serve honest clients:
 *
 * - A signature that arrived first more than `tc3RepeatMs` ago is refused, whatever the action. No client signs a
 *   request of one second so much later. Another action or body with the same signature is refused after
 *   `tc3OtherCallMs`, because nobody but an attacker would send it later.
 * - An action that has succeeded is not run again for the same signature, unless repeating it is harmless. A request
 *   that failed may be sent again.
 */
export class Tc3Replays {
  readonly #seen: SeenRequests;
  readonly #running = new Set<string>();
  /** Signatures that arrived first a short time ago, and the calls that were served with them. */
  readonly #recent = new TwoPeriods(cmqLimits.tc3RepeatMs, () => new FingerprintSet());
  /** When the signatures of the last moments arrived first. */
  readonly #arrivals = new TwoPeriods(cmqLimits.tc3OtherCallMs, () => new Map<number, number>());

  constructor(seen: SeenRequests) {
    this.#seen = seen;
  }

  /** Runs the call, or throws `CmqError` if it is a replay. */
  async runOnce<T>(call: Tc3SignedCall, nowMs: number, windowMs: number, run: () => Promise<T>): Promise<T> {
    const { action, timestampMs } = call;
    const digest = digestOf(call);
    this.#admit(call, digest, nowMs, windowMs);
    if (harmless.test(action)) return run();
    const name = digest.toString("base64");
    if (this.#running.has(name) || this.#seen.has(digest, timestampMs)) throw replayed();
    this.#running.add(name);
    try {
      const result = await run();
      this.#seen.remember(digest, timestampMs);
      return result;
    } finally {
      this.#running.delete(name);
    }
  }

  #admit({ signature, timestampMs }: Tc3SignedCall, digest: Buffer, nowMs: number, windowMs: number): void {
    const recent = this.#recent.at(nowMs);
    const arrivals = this.#arrivals.at(nowMs);
    const [ofSignature, ofCall] = [fingerprintOf(signature), fingerprintOf(digest)];
    if (this.#seen.add(signature, timestampMs, nowMs, windowMs)) {
      recent.present.add(ofSignature);
      arrivals.present.set(ofSignature, nowMs);
    } else {
      const isIn = (fingerprint: number) => recent.present.has(fingerprint) || recent.before.has(fingerprint);
      const firstMs = arrivals.present.get(ofSignature) ?? arrivals.before.get(ofSignature) ?? -Infinity;
      const isOtherInTime = Math.abs(nowMs - firstMs) <= cmqLimits.tc3OtherCallMs;
      if (!isIn(ofSignature) || (!isIn(ofCall) && !isOtherInTime)) throw replayed();
    }
    recent.present.add(ofCall);
  }
}

/** Keeps what was added in the present period and in the one before, and forgets what is older. */
class TwoPeriods<T> {
  readonly #periodMs: number;
  readonly #empty: () => T;
  #present: T;
  #before: T;
  #sinceMs = 0;

  constructor(periodMs: number, empty: () => T) {
    this.#periodMs = periodMs;
    this.#empty = empty;
    this.#present = empty();
    this.#before = empty();
  }

  at(nowMs: number): { readonly present: T; readonly before: T } {
    // The difference is negative after the clock was set back.
    const age = Math.abs(nowMs - this.#sinceMs);
    if (age >= this.#periodMs) {
      this.#before = age < 2 * this.#periodMs ? this.#present : this.#empty();
      this.#present = this.#empty();
      this.#sinceMs = nowMs;
    }
    return { present: this.#present, before: this.#before };
  }
}

function digestOf({ action, signature, body }: Tc3SignedCall): Buffer {
  return createHash("sha256").update(signature).update(`${action}\n`).update(body).digest();
}

function replayed(): CmqError {
  return new CmqError("overdue", "this request was sent before; sign it again with the present time");
}
