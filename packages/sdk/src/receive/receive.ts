/** The core of receiving: raw bytes and headers go in, a verified message or a typed error comes out. No I/O, no clock. */

import type { Jwk, ProtocolKey, Trust } from "../protocols/key.ts";
import type { IncomingRequest } from "../protocols/protocol.ts";
import { UndecodableError, UntrustedError } from "../protocols/protocol.ts";
import { ReceiveError } from "./receive-error.ts";

/** How far a signed timestamp may be off by default: what Standard Webhooks recommends. */
export const toleranceMsDefault = 5 * 60_000;

/** The receiving half of a dialect, as far as reading goes: any `PushProtocol` or `HookProtocol` is one. */
export interface Decoder<Decoded> {
  readonly keys: "none" | "required";
  decode(request: IncomingRequest, trust: Trust): Decoded | Promise<Decoded>;
}

export interface ReceiveOptions<Decoded> {
  readonly protocol: Decoder<Decoded>;
  /** Any of them may have signed. Must not be empty where the dialect signs or encrypts. */
  readonly keys?: readonly ProtocolKey[];
  /** Unix time in milliseconds. */
  readonly nowMs: number;
  /** How far a signed timestamp may lie from `nowMs`; five minutes when left out. */
  readonly toleranceMs?: number;
}

/**
 * The message (or, for a hook's dialect, the call) in this request. Rejects with {@link ReceiveError} when the request is
 * at fault, and with `TypeError` or `RangeError` when the options are.
 */
export async function receive<Decoded>(request: IncomingRequest, options: ReceiveOptions<Decoded>): Promise<Decoded> {
  const { protocol, keys = [], nowMs, toleranceMs = toleranceMsDefault } = options;
  assertKeys(protocol, keys);
  assertTolerance(toleranceMs);
  if (!Number.isFinite(nowMs)) throw new RangeError("nowMs: not a time in milliseconds");
  if (request.method !== "POST") throw new ReceiveError("wrong_method");
  try {
    return await protocol.decode(request, { keys, nowMs, toleranceMs });
  } catch (error) {
    if (error instanceof UndecodableError) {
      // Where nobody has to be trusted, the sender may know which part is wrong: its people will want to mend it.
      const answer = protocol.keys === "none" ? { answer: error.message } : {};
      throw new ReceiveError("undecodable", { message: error.message, cause: error, ...answer });
    }
    if (error instanceof UntrustedError) {
      throw new ReceiveError("untrusted", { message: error.message, reason: error.reason, cause: error });
    }
    throw error;
  }
}

/** Without a key nothing could be verified, so a receiver that is set up like that must not start. */
export function assertKeys(protocol: Pick<Decoder<unknown>, "keys">, keys: readonly ProtocolKey[]): void {
  if (protocol.keys === "required" && keys.length === 0) {
    throw new TypeError("keys: this dialect needs at least one key to verify with");
  }
}

/** What every request would fail for shows when the receiver is made. The error holds nothing of a key. */
export function assertFitKeys(
  keys: readonly ProtocolKey[],
  fault: ((jwk: Jwk) => string | null) | undefined,
  keysMax = Number.POSITIVE_INFINITY,
): void {
  if (keys.length > keysMax) throw new TypeError(`keys: more than ${keysMax}`);
  for (const { kid, jwk } of keys) {
    const problem = typeof jwk === "object" && jwk !== null ? (fault?.(jwk) ?? null) : "not a JSON Web Key";
    if (problem !== null) throw new TypeError(`key "${kid}": ${problem}`);
  }
}

/** Against NaN every timestamp would pass. */
export function assertTolerance(toleranceMs: number): void {
  if (!(toleranceMs >= 0)) throw new RangeError("toleranceMs: not a length of time in milliseconds");
}
