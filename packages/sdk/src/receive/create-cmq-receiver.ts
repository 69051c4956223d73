import { cmqJson, cmqSimplified } from "../protocols/cmq.ts";
import { type IncomingMessage, type IncomingRequest, UndecodableError } from "../protocols/protocol.ts";
import { createReceiver, type MessageReceiverOptions } from "./create-receiver.ts";
import type { Receiver } from "./receiver.ts";

export interface CmqReceiverOptions extends MessageReceiverOptions {
  /**
   * The format of the subscription; requests in another format are refused. Default: `any`, which accepts both.
   *
   * With `any`, a body is a JSON push when it is an object of CMQ's JSON format, and its `msgId` equals the header
   * `x-cmq-message-id` or that header is missing. Every other body is a simplified message, even if it is JSON. A
   * publisher cannot imitate the JSON format, because the message's id is not known before publishing. A JSON push that
   * was damaged on its way is read as a simplified message; set the format to refuse it. `deduplicate` compares message
   * ids only, because a simplified message has no topic.
   */
  readonly format?: "json" | "simplified" | "any";
}

/** Creates a receiver of the pushes that Tencent Cloud CMQ, or Ringback in CMQ's format, sends to an HTTP endpoint. */
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
