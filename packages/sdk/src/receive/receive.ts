/** Turns the bytes and headers of a request into a verified message or a typed error. No I/O, no clock. */

import type { ProtocolKey, Trust } from "../protocols/key.ts";
import { type IncomingRequest, UndecodableError, UntrustedError } from "../protocols/protocol.ts";
import { ReceiveError } from "./receive-error.ts";

/** The largest difference between a signed timestamp and the clock by default, as Standard Webhooks recommends. */
export const toleranceMsDefault = 5 * 60_000;

/** The decoding part of a dialect, which every `PushProtocol` and every `HookProtocol` has. */
export interface Decoder<Decoded> {
  readonly keys: "none" | "optional" | "required";
  decode(request: IncomingRequest, trust: Trust): Decoded | Promise<Decoded>;
}

export interface ReceiveOptions<Decoded> {
  readonly protocol: Decoder<Decoded>;
  /** The keys that the sender may have used. Required for a dialect that signs or encrypts. */
  readonly keys?: readonly ProtocolKey[];
  /** Unix time in milliseconds. */
  readonly nowMs: number;
  /** The largest difference between a signed timestamp and `nowMs`, in milliseconds. Default: five minutes. */
  readonly toleranceMs?: number;
}

/**
 * Decodes a message, or a call of a hook dialect. Rejects with {@link ReceiveError} when the request is invalid.
 * Rejects with `TypeError` or `RangeError` when the options are invalid.
 */
export async function receive<Decoded>(request: IncomingRequest, options: ReceiveOptions<Decoded>): Promise<Decoded> {
  const { protocol, keys = [], nowMs, toleranceMs = toleranceMsDefault } = options;
  assertTrust(protocol, keys, toleranceMs);
  if (!Number.isFinite(nowMs)) throw new RangeError("nowMs: not a time in milliseconds");
  if (request.method !== "POST") throw new ReceiveError("wrong_method");
  try {
    return await protocol.decode(request, { keys, nowMs, toleranceMs });
  } catch (error) {
    if (error instanceof UndecodableError) {
      // A dialect without keys trusts every sender, so the answer may name the part of the request that is wrong.
      const answer = protocol.keys === "none" ? { answer: error.message } : {};
      throw new ReceiveError("undecodable", { message: error.message, cause: error, ...answer });
    }
    if (error instanceof UntrustedError) {
      throw new ReceiveError("untrusted", { message: error.message, reason: error.reason, cause: error });
    }
    throw error;
  }
}

/**
 * Throws for missing keys, because a receiver without a required key could not verify any request. Throws for NaN as a
 * tolerance, because every timestamp would be accepted.
 */
export function assertTrust(
  { keys: use }: Pick<Decoder<unknown>, "keys">,
  keys: Trust["keys"],
  toleranceMs: number,
): void {
  if (use === "required" && keys.length === 0) {
    throw new TypeError("keys: this dialect needs at least one key to verify with");
  }
  if (!(toleranceMs >= 0)) throw new RangeError("toleranceMs: not a number of milliseconds");
}
