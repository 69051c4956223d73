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
 *   request of one second so much later.
 * - An action that has succeeded is not run again for the same signature, unless repeating it is harmless. A request
 *   that failed may be sent again.
 */
export class Tc3Replays {
  readonly #seen: SeenRequests;
  readonly #running = new Set<string>();
  /** The signatures that arrived first since `#recentSinceMs`, and those of the period before. */
  #recent = new FingerprintSet();
  #earlier = new FingerprintSet();
  #recentSinceMs = 0;

  constructor(seen: SeenRequests) {
    this.#seen = seen;
  }

  /** Runs the call, or throws `CmqError` if it is a replay. */
  async runOnce<T>(call: Tc3SignedCall, nowMs: number, windowMs: number, run: () => Promise<T>): Promise<T> {
    const { action, signature, timestampMs } = call;
    this.#admit(signature, timestampMs, nowMs, windowMs);
    if (harmless.test(action)) return run();
    const digest = digestOf(call);
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

  #admit(signature: Uint8Array, timestampMs: number, nowMs: number, windowMs: number): void {
    this.#forgetRecentBefore(nowMs);
    const fingerprint = fingerprintOf(signature);
    if (this.#seen.add(signature, timestampMs, nowMs, windowMs)) this.#recent.add(fingerprint);
    else if (!this.#recent.has(fingerprint) && !this.#earlier.has(fingerprint)) throw replayed();
  }

  #forgetRecentBefore(nowMs: number): void {
    // The difference is negative after the clock was set back.
    const age = Math.abs(nowMs - this.#recentSinceMs);
    if (age < cmqLimits.tc3RepeatMs) return;
    this.#earlier = age < 2 * cmqLimits.tc3RepeatMs ? this.#recent : new FingerprintSet();
    this.#recent = new FingerprintSet();
    this.#recentSinceMs = nowMs;
  }
}

function digestOf({ action, signature, body }: Tc3SignedCall): Buffer {
  return createHash("sha256").update(signature).update(`${action}\n`).update(body).digest();
}

function replayed(): CmqError {
  return new CmqError("overdue", "this request was sent before; sign it again with the present time");
}
