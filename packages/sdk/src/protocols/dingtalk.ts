/**
 * Custom robots of DingTalk (钉钉): a message in Markdown, of at most 20,000 bytes. A robot may send 20 messages a
 * minute. A robot with the security setting "signature" requires `timestamp` and `sign` in the query: HMAC-SHA256 of
 * `<timestamp>\n<secret>` with the secret (`SEC…`). Only `at` can mention members, and this dialect sends none.
 */

import { emptyMessage } from "./empty-message.ts";
import type { ProtocolKey, Trust } from "./key.ts";
import { type EncodedRequest, type IncomingMessage, type IncomingRequest, UntrustedError } from "./protocol.ts";
import type { OutgoingDelivery, PushProtocol } from "./protocol.ts";
import { incomingRobotText } from "./robot-body.ts";
import { assertRobotSignature, hmacOf, robotKeys, secretToSign, sentAtMsOf } from "./robot-key.ts";
import { robotReply, robotVerdict } from "./robot-reply.ts";
import { fitted, jsonCost, plainMarkdown, robotRequest, robotText } from "./robot-text.ts";
import { joinedBytes, utf8Bytes } from "./text-bytes.ts";
import { incomingDigits, timeMsMax } from "./wire-number.ts";

/** Title and text leave room for the rest of the 20,000 bytes. */
const titleBytesMax = 300;
const textBytesMax = 19_000;

const replies = {
  members: [["errcode", "errmsg"]],
  /** 130101: "send too fast, exceed 20 times per minute". 410100: the same in newer documents. */
  tooManyCodes: [130101, 410100],
  waitMs: 60_000,
} as const;

export const dingtalk = {
  ...robotKeys,
  name: "dingtalk",
  isUrlSecret: true,
  encode,
  interpret: (reply) => robotVerdict(reply, replies),
  decode,
  reply: (handled) => robotReply(handled, { errcode: 0, errmsg: "ok" }),
} as const satisfies PushProtocol;

// ---- the sender

function encode(delivery: OutgoingDelivery, [key]: readonly ProtocolKey[]): EncodedRequest | Promise<EncodedRequest> {
  const { title, text, isEvent } = robotText(delivery);
  const shown = isEvent ? `#### ${plainMarkdown(title)}\n\n${plainMarkdown(text)}` : plainMarkdown(text);
  // Without the two spaces, DingTalk would join the lines.
  const markdown = {
    title: fitted(title, titleBytesMax, jsonCost),
    text: fitted(shown.replaceAll(/(?<!\n)\n(?!\n)/g, "  \n"), textBytesMax, jsonCost),
  };
  const request = robotRequest({ msgtype: "markdown", markdown, at: { isAtAll: false } });
  return key === undefined ? request : signed(request, secretToSign(key), sentAtMsOf(delivery));
}

async function signed(request: EncodedRequest, secret: Uint8Array<ArrayBuffer>, atMs: number): Promise<EncodedRequest> {
  const sign = encodeURIComponent(await signatureOf(String(atMs), secret));
  return { ...request, query: `timestamp=${atMs}&sign=${sign}` };
}

function signatureOf(timestamp: string, secret: Uint8Array<ArrayBuffer>): Promise<string> {
  return hmacOf(secret, joinedBytes(utf8Bytes(`${timestamp}\n`), secret));
}

// ---- the receiver

async function decode(request: IncomingRequest, trust: Trust): Promise<IncomingMessage> {
  const { body, contentType } = incomingRobotText(request, { markdown: "text", text: "content" });
  if (trust.keys.length > 0) await assertSigned(request, trust);
  return { ...emptyMessage, protocol: dingtalk.name, body, contentType };
}

async function assertSigned({ path = "" }: IncomingRequest, { keys, nowMs, toleranceMs }: Trust): Promise<void> {
  const query = new URLSearchParams(path.slice(path.indexOf("?") + 1));
  const [timestamp, sign] = [query.get("timestamp"), query.get("sign")];
  if (timestamp === null || sign === null) throw new UntrustedError("no_signature");
  const atMs = incomingDigits("timestamp", timestamp, timeMsMax);
  if (Math.abs(nowMs - atMs) > toleranceMs) throw new UntrustedError("timestamp_out_of_tolerance");
  await assertRobotSignature(sign, keys, (secret) => signatureOf(timestamp, secret));
}
