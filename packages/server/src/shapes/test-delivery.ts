import { Type, type Static } from "typebox";
import { limits } from "../domain/limits.ts";
import type { MessageId, NewMessage } from "../domain/model.ts";
import { RingbackError } from "../domain/errors.ts";
import type { TestDelivery } from "../engine/push/test-delivery.ts";
import type { PartlyParsed } from "../http/json-body.ts";
import { bodyView, cutBodyView } from "./bytes-view.ts";
import { messageBodyMembers, publishBody } from "./message.ts";
import { toMessage } from "./publish-body.ts";
import { about, bodyShape, describedObject, describedShape, nullable } from "./schema-parts.ts";
import { shapeReader } from "./shape-check.ts";

export const testBody = bodyShape("TestSettings", [{}, { message: { body: { order: 17 }, type: "order.paid" } }], {
  message: about("The message to send, as for a publish. It is sent at once.", Type.Optional(publishBody)),
  messageId: about(
    "Instead of `message`: the id of a message of the topic.",
    Type.Optional(Type.String({ examples: ["1099511627777"] })),
  ),
});

/** The members that are not parsed: the body of the message. */
export const bodyOfTestMessage = { depth: 2, names: ["body"], textNames: ["bodyBase64"] };

const readTestBody = shapeReader(testBody);

/** Returns the message or the id that the request gives; null: neither. Throws `invalid_request`. */
export function givenForTest(json: PartlyParsed): NewMessage | { readonly messageId: MessageId } | null {
  const { message, messageId } = readTestBody(json.value);
  if (message === undefined) return messageId === undefined ? null : { messageId: messageId as MessageId };
  if (messageId === undefined) return toMessage(message, "message.", json);
  throw RingbackError.at("invalid_request", "messageId", "cannot be given together with message; give one of the two");
}

const headers = (description: string, value: "string" | readonly ["string", "null"]) =>
  Type.Unsafe<Record<string, string | null>>({
    type: "object",
    additionalProperties: { type: value },
    description,
  });

const requestSchema = describedObject("The request as it was sent; null: nothing could be sent.", {
  method: about("null for ws, wss, tcp and queues, which get only the body.", nullable(Type.String())),
  url: about("With the parameters that the protocol adds, such as a signature.", Type.String()),
  headers: headers(
    "All headers in the order and the case in which they were written. null: the value is secret, because it is one of " +
      "`push.headers` or comes from `push.auth`. Without a connection, the headers that it would have added are missing.",
    ["string", "null"],
  ),
  ...messageBodyMembers,
});

const replySchema = describedObject("The reply; null: none came.", {
  status: Type.Integer(),
  headers: headers("Names in lower case. A repeated header has its first value.", "string"),
  body: about(
    `The first ${limits.exchangeBodyBytesMax} bytes of the body, if they are UTF-8.`,
    Type.Optional(Type.String()),
  ),
  bodyBase64: messageBodyMembers.bodyBase64,
  truncated: about("True: the body has more bytes than are shown.", Type.Boolean()),
});

export const testDeliverySchema = describedShape("TestDelivery", "What was sent, and what came back.", {
  request: nullable(requestSchema),
  reply: nullable(replySchema),
  verdict: about("What the reply means for a delivery.", Type.Enum(["accepted", "failed", "error"])),
  error: about("Why a delivery would have failed; null if it would not.", nullable(Type.String())),
  errorDetail: about("The exact cause, in words for people.", nullable(Type.String())),
  durationMs: Type.Number(),
});

export function testDeliveryView(test: TestDelivery): Static<typeof testDeliverySchema> {
  const { request, reply, judgement, durationMs } = test;
  return {
    request: request && {
      method: request.method,
      url: request.url,
      headers: Object.fromEntries(request.headers),
      ...bodyView(request.body),
    },
    reply: reply && {
      status: reply.status,
      headers: reply.headers,
      ...cutBodyView(reply.body),
      truncated: reply.isCut ?? false,
    },
    verdict: judgement.verdict,
    error: judgement.errorCode,
    errorDetail: judgement.errorDetail,
    durationMs,
  };
}
