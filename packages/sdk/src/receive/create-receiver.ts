/** Receivers of messages in any push dialect. */

import type { ProtocolKey } from "../protocols/key.ts";
import type { IncomingMessage, PushProtocol } from "../protocols/protocol.ts";
import { failed, type ReceiverSettings } from "./answering.ts";
import { decodingReceiver } from "./decoding-receiver.ts";
import type { StoredDeduplication } from "./deduplication-store.ts";
import { createDeduplication, deduplicationKey } from "./deduplication.ts";
import type { DeduplicationLimits } from "./memory-deduplication-store.ts";
import type { ReceivedRequest, Receiver } from "./receiver.ts";

/** Options of the receivers of all push dialects. */
export interface MessageReceiverOptions extends ReceiverSettings {
  /**
   * Handles one message. The sender gets a success when the handler returns or its promise resolves. The sender gets a
   * failure, and retries, when the handler throws or its promise rejects.
   */
  readonly onMessage: (message: IncomingMessage, request: ReceivedRequest) => unknown;
  /**
   * Whether a message that was handled before is answered with success and not handled again. Messages are the same
   * when their topic and id are equal, so a message that arrives through two subscriptions of a topic is handled once.
   * A CMQ receiver of both formats compares ids only. Messages without an id are always handled.
   *
   * With true or limits, the handled messages are remembered in memory until the process ends. With `store`, they are
   * in a store of your own, which several processes can share. When the store fails before the handler is called, the
   * sender gets a failure, and `onError` the error. Default: false.
   */
  readonly deduplicate?: boolean | DeduplicationLimits | StoredDeduplication;
}

/** Options of receivers of signed messages. */
export interface SignedMessageReceiverOptions extends MessageReceiverOptions {
  /** The largest difference between a signed timestamp and the clock, in milliseconds. Default: five minutes. */
  readonly toleranceMs?: number;
}

export interface ReceiverOptions extends SignedMessageReceiverOptions {
  readonly protocol: Pick<
    PushProtocol,
    "keys" | "decode" | "reply" | "bodyBytesMax" | "verifyingKeyFault" | "verifyingKeysMax"
  > & {
    /** Whether `deduplicate` compares ids without topics. */
    readonly deduplicatesById?: boolean;
  };
  /** The keys that a sender may have signed with. During a key rotation the old and the new key are both valid. */
  readonly keys?: readonly ProtocolKey[];
}

/**
 * Creates a receiver of messages. Throws `TypeError` when a required key is missing or a key cannot verify, and
 * `RangeError` for a limit out of range.
 */
export function createReceiver(options: ReceiverOptions): Receiver {
  const { protocol, clock = Date.now } = options;
  const deduplication = createDeduplication(options.deduplicate, clock);

  /** Whether the program's handler succeeded. Never rejects. */
  const handled = async (message: IncomingMessage, request: ReceivedRequest): Promise<boolean> => {
    try {
      await options.onMessage(message, request);
      return true;
    } catch (error) {
      await failed(error, request, options);
      return false;
    }
  };

  const { verifyingKeyFault: keyFault, verifyingKeysMax: keysMax } = protocol;
  return decodingReceiver(options, { keyFault, keysMax }, async (message, request) => {
    const key = deduplication === null ? null : await deduplicationKey(message, protocol.deduplicatesById);
    if (deduplication === null || key === null) return protocol.reply(await handled(message, request));
    const handling = {
      handle: () => handled(message, request),
      report: (error: unknown) => failed(error, request, options),
    };
    return protocol.reply(await deduplication.once(key, handling));
  });
}
