/** A receiver of calls, in any hook dialect. */

import type { HookAnswer, HookProtocol, IncomingCall } from "../protocols/hook-protocol.ts";
import type { ProtocolKey } from "../protocols/key.ts";
import type { Observers } from "./answering.ts";
import { decodingReceiver } from "./decoding-receiver.ts";
import type { ReceivedRequest, Receiver } from "./receiver.ts";

/** What a handler of a call may return: nothing means that the caller goes on. */
// oxlint-disable-next-line typescript/no-invalid-void-type -- a handler without a return statement returns void
export type CallResult = HookAnswer | undefined | void;

/** What receivers of every hook dialect can be told. */
export interface CallReceiverOptions extends Observers {
  /** Larger bodies are answered with 413. At most 8 MiB. Default 2 MiB. */
  readonly bodyBytesMax?: number;
  /** Unix time in milliseconds; the system's clock when left out. */
  readonly clock?: () => number;
}

export interface HookReceiverOptions extends CallReceiverOptions {
  readonly protocol: Pick<HookProtocol, "keys" | "decode" | "reply" | "bodyBytesMax" | "keyFault">;
  /** Any of them may have been used: the old one and the new one while a key is being changed. */
  readonly keys?: readonly ProtocolKey[];
  /** How far a signed timestamp may be from the clock, in milliseconds. Default five minutes. */
  readonly toleranceMs?: number;
  /**
   * Answers one call. When it throws, or its promise is broken, the caller gets the status 500 without any detail; what
   * that means is the dialect's matter.
   */
  readonly onCall: (call: IncomingCall, request: ReceivedRequest) => CallResult | Promise<CallResult>;
}

const goOn: HookAnswer = Object.freeze({ action: "continue" });

/**
 * Throws `TypeError` when the dialect needs a key and none is given, or one that is unfit for it, and `RangeError` for a
 * limit that cannot be one.
 */
export function createHookReceiver(options: HookReceiverOptions): Receiver {
  const { protocol, onCall } = options;
  return decodingReceiver(options, { keyFault: protocol.keyFault }, async (call, request) =>
    protocol.reply((await onCall(call, request)) ?? goOn, call),
  );
}
