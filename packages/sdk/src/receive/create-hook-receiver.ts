/** Receivers of calls in any hook dialect. */

import type { HookAnswer, HookProtocol, IncomingCall } from "../protocols/hook-protocol.ts";
import type { ProtocolKey } from "../protocols/key.ts";
import type { ReceiverSettings } from "./answering.ts";
import { decodingReceiver } from "./decoding-receiver.ts";
import type { ReceivedRequest, Receiver } from "./receiver.ts";

/** The result of a handler. Without a result the caller continues. */
// oxlint-disable-next-line typescript/no-invalid-void-type -- a handler without a return statement returns void
export type CallResult = HookAnswer | undefined | void;

/** Options of the receivers of all hook dialects. */
export type CallReceiverOptions = ReceiverSettings;

export interface HookReceiverOptions extends CallReceiverOptions {
  readonly protocol: Pick<HookProtocol, "keys" | "decode" | "reply" | "bodyBytesMax" | "keyFault">;
  /** The keys that a caller may have used. During a key rotation the old and the new key are both valid. */
  readonly keys?: readonly ProtocolKey[];
  /** The largest difference between a signed timestamp and the clock, in milliseconds. Default: five minutes. */
  readonly toleranceMs?: number;
  /**
   * Answers one call. When the handler throws or its promise rejects, the answer has status 500 and no details. The
   * dialect defines what status 500 means to the caller.
   */
  readonly onCall: (call: IncomingCall, request: ReceivedRequest) => CallResult | Promise<CallResult>;
}

const continueAnswer: HookAnswer = Object.freeze({ action: "continue" });

/**
 * Creates a receiver of calls. Throws `TypeError` when a required key is missing or a key is unfit for the dialect, and
 * `RangeError` for a limit out of range.
 */
export function createHookReceiver(options: HookReceiverOptions): Receiver {
  const { protocol, onCall } = options;
  return decodingReceiver(options, { keyFault: protocol.keyFault }, async (call, request) =>
    protocol.reply((await onCall(call, request)) ?? continueAnswer, call),
  );
}
