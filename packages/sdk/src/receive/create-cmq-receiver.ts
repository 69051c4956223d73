import { cmqJson, cmqSimplified } from "../protocols/cmq.ts";
import type { IncomingMessage, IncomingRequest } from "../protocols/protocol.ts";
import { UndecodableError } from "../protocols/protocol.ts";
import type { MessageReceiverOptions } from "./create-receiver.ts";
import { createReceiver } from "./create-receiver.ts";
import type { Receiver } from "./receiver.ts";

export interface CmqReceiverOptions extends MessageReceiverOptions {
  /**
   * The format that the subscription is set to; anything else is refused. `any`, the default, takes both: a body is in
   * the JSON format when it is CMQ's object and its `msgId` is the one in the `x-cmq-message-id` header (or there is no
   * such header). Every other body is a simplified message, although it may be JSON of its own, even another message's
   * object: no publisher can know the id that its message is going to have. The price is that an object of CMQ's that
   * was damaged on its way is taken for a simplified message; a receiver that names its format refuses it. With `any`,
   * `deduplicate` goes by the message id alone: a simplified message says nothing of its topic, and may be one that came
   * as JSON before.
   */
  readonly format?: "json" | "simplified" | "any";
}

/** A receiver of what Tencent Cloud CMQ, or Ringback in its place, pushes to an HTTP endpoint. */
export function createCmqReceiver(options: CmqReceiverOptions): Receiver {
  return createReceiver({ ...options, protocol: formats[options.format ?? "any"] });
}

const formats = {
  json: cmqJson,
  simplified: cmqSimplified,
  any: {
    keys: "none",
    bodyBytesMax: cmqJson.bodyBytesMax,
    deduplicatesById: true,
    decode: decodeEither,
    reply: cmqJson.reply,
  },
} as const;

function decodeEither(request: IncomingRequest): IncomingMessage {
  const idInHeader = request.headers["x-cmq-message-id"];
  if (idInHeader === undefined) return cmqJson.decode(request);
  const message = jsonMessageOf(request);
  return message !== null && message.messageId === idInHeader ? message : cmqSimplified.decode(request);
}

function jsonMessageOf(request: IncomingRequest): IncomingMessage | null {
  try {
    return cmqJson.decode(request);
  } catch (error) {
    if (error instanceof UndecodableError) return null;
    throw error;
  }
}
