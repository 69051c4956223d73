/**
 * Custom bots of Feishu and Lark (飞书): a card for an event of Ringback, and a message of type `text` for other text.
 * A body has at most 20 KB. A bot may send 100 messages a minute and 5 a second. A bot with the security setting
 * "signature" requires `timestamp` and `sign` in the body: HMAC-SHA256 of nothing with the key `<timestamp>\n<secret>`.
 */

import { emptyMessage } from "./empty-message.ts";
import { assertPushRequest, envelopeMembers, incomingTextBytes } from "./incoming-limits.ts";
import { isJsonObject, type JsonObject, ownMember } from "./json-object.ts";
import type { ProtocolKey, Trust } from "./key.ts";
import { type EncodedRequest, type IncomingMessage, type IncomingRequest, UndecodableError } from "./protocol.ts";
import { type OutgoingDelivery, type PushProtocol, UntrustedError } from "./protocol.ts";
import { robotTextType } from "./robot-body.ts";
import { assertRobotSignature, hmacOf, robotKeys, secretToSign, sentAtMsOf } from "./robot-key.ts";
import { robotReply, robotVerdict } from "./robot-reply.ts";
import { fitted, jsonCost, robotRequest, robotText, withoutTags } from "./robot-text.ts";
import { joinedBytes, utf8Bytes } from "./text-bytes.ts";
import { incomingIntegerOrDigits, timeMsMax } from "./wire-number.ts";

/** Title and text leave room for the rest of the 20,000 bytes. */
const titleBytesMax = 300;
const textBytesMax = 19_000;

const replies = {
  /** Older bots answer with `StatusCode`. */
  members: [
    ["code", "msg"],
    ["StatusCode", "StatusMessage"],
  ],
  /** 11232: "frequency limited". */
  tooManyCodes: [11232],
  waitMs: 60_000,
} as const;

export const feishu = {
  ...robotKeys,
  name: "feishu",
  isUrlSecret: true,
  encode,
  interpret: (reply) => robotVerdict(reply, replies),
  decode,
  reply: (handled) => robotReply(handled, { code: 0, msg: "success", data: {} }),
} as const satisfies PushProtocol;

// ---- the sender

function encode(delivery: OutgoingDelivery, [key]: readonly ProtocolKey[]): EncodedRequest | Promise<EncodedRequest> {
  const { title, text, isEvent } = robotText(delivery);
  const shown = fitted(withoutTags(text), textBytesMax, jsonCost);
  const message = isEvent
    ? { msg_type: "interactive", card: cardOf(fitted(withoutTags(title), titleBytesMax, jsonCost), shown) }
    : { msg_type: "text", content: { text: shown } };
  return key === undefined ? robotRequest(message) : signed(message, secretToSign(key), sentAtMsOf(delivery));
}

/** Only text of the tag `plain_text`, in which nothing has a meaning. */
function cardOf(title: string, text: string): object {
  return {
    header: { title: { tag: "plain_text", content: title } },
    elements: [{ tag: "div", text: { tag: "plain_text", content: text } }],
  };
}

async function signed(message: object, secret: Uint8Array<ArrayBuffer>, atMs: number): Promise<EncodedRequest> {
  const timestamp = String(Math.floor(atMs / 1000));
  return robotRequest({ timestamp, sign: await signatureOf(timestamp, secret), ...message });
}

function signatureOf(timestamp: string, secret: Uint8Array<ArrayBuffer>): Promise<string> {
  return hmacOf(joinedBytes(utf8Bytes(`${timestamp}\n`), secret), new Uint8Array(0));
}

// ---- the receiver

async function decode(request: IncomingRequest, trust: Trust): Promise<IncomingMessage> {
  assertPushRequest(request);
  const members = envelopeMembers(request.body);
  const body = incomingTextBytes("text", textOf(members));
  if (trust.keys.length > 0) await assertSigned(members, trust);
  return { ...emptyMessage, protocol: feishu.name, body, contentType: robotTextType };
}

/** The text of a message, or the title and the first text of a card. */
function textOf(members: JsonObject): unknown {
  const type = ownMember(members, "msg_type");
  if (type === "text") return textAt(members, "content", "text");
  if (type !== "interactive") throw new UndecodableError('msg_type: neither "text" nor "interactive"');
  const title = textAt(members, "card", "header", "title", "content");
  const text = textAt(members, "card", "elements", "0", "text", "content");
  return typeof title === "string" && typeof text === "string" ? `${title}\n${text}` : undefined;
}

function textAt(members: JsonObject, ...path: readonly string[]): unknown {
  let value: unknown = members;
  for (const name of path) {
    if (Array.isArray(value)) value = value[Number(name)] as unknown;
    else value = isJsonObject(value) ? ownMember(value, name) : undefined;
  }
  return value;
}

async function assertSigned(members: JsonObject, { keys, nowMs, toleranceMs }: Trust): Promise<void> {
  const [timestamp, sign] = [ownMember(members, "timestamp"), ownMember(members, "sign")];
  if (timestamp === undefined || typeof sign !== "string") throw new UntrustedError("no_signature");
  const seconds = incomingIntegerOrDigits("timestamp", timestamp, timeMsMax / 1000);
  // The timestamp has no milliseconds.
  if (Math.abs(nowMs - seconds * 1000) > toleranceMs + 999) throw new UntrustedError("timestamp_out_of_tolerance");
  await assertRobotSignature(sign, keys, (secret) => signatureOf(String(seconds), secret));
}
