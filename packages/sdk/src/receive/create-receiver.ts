/** A receiver of messages, in any push dialect. */

import type { ProtocolKey } from "../protocols/key.ts";
import type { IncomingMessage, PushProtocol } from "../protocols/protocol.ts";
import type { Observers } from "./answering.ts";
import { failed } from "./answering.ts";
import { decodingReceiver } from "./decoding-receiver.ts";
import type { DeduplicationLimits } from "./deduplication.ts";
import { Deduplication } from "./deduplication.ts";
import { deduplicationKey } from "./deduplication-key.ts";
import type { ReceivedRequest, Receiver } from "./receiver.ts";

/** What receivers of every push dialect can be told. */
export interface MessageReceiverOptions extends Observers {
  /**
   * Handles one message. When it returns, or its promise is kept, the sender is told that the message arrived; when it
   * throws, or the promise is broken, the sender is told to try again.
   */
  readonly onMessage: (message: IncomingMessage, request: ReceivedRequest) => unknown;
  /**
   * Whether a message that was handled is answered with success without handling it again. Messages are told apart by
   * their topic and id, so one that two subscriptions of a topic push here is handled once as well (a CMQ
   * receiver that takes both formats goes by the id alone). Messages without an id are always handled. What was handled is kept in this process's memory only. Default false.
   */
  readonly deduplicate?: boolean | DeduplicationLimits;
  /**
   * Larger bodies are answered with 413. At most 8 MiB. Left out: what the dialect needs, which is 2 MiB for most and 6 MiB
   * where a message of 1 MiB stands as text in JSON or XML.
   */
  readonly bodyBytesMax?: number;
  /** Unix time in milliseconds; the system's clock when left out. */
  readonly clock?: () => number;
}

/** What receivers can be told where messages are signed. */
export interface SignedMessageReceiverOptions extends MessageReceiverOptions {
  /** How far a signed timestamp may be from the clock, in milliseconds. Default five minutes. */
  readonly toleranceMs?: number;
}

export interface ReceiverOptions extends SignedMessageReceiverOptions {
  readonly protocol: Pick<
    PushProtocol,
    "keys" | "decode" | "reply" | "bodyBytesMax" | "verifyingKeyFault" | "verifyingKeysMax"
  > & {
    /** Ids tell messages apart without their topics. */
    readonly deduplicatesById?: boolean;
  };
  /** Any of them may have signed: the old one and the new one while a key is being changed. */
  readonly keys?: readonly ProtocolKey[];
}

/**
 * Throws `TypeError` when the dialect needs a key and none is given, or one that it cannot verify with, and `RangeError`
 * for a limit that cannot be one.
 */
export function createReceiver(options: ReceiverOptions): Receiver {
  const { protocol, clock = Date.now } = options;
  const deduplication = deduplicationOf(options.deduplicate, clock);

  /** Whether the program has handled it. Never rejects. */
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
    return protocol.reply(await deduplication.once(key, () => handled(message, request)));
  });
}

function deduplicationOf(setting: MessageReceiverOptions["deduplicate"], clock: () => number): Deduplication | null {
  if (setting === undefined || setting === false) return null;
  return new Deduplication(setting === true ? {} : setting, clock);
}
