/**
 * koipy's callbacks. The request body is a JSON object, KoiCallbackData. The status and the content type of the reply
 * have these meanings:
 *
 * | status | content type | meaning |
 * |---|---|---|
 * | 204 | | continue |
 * | 200 | image/jpeg, image/png | continue and show the image; its type is detected from its bytes |
 * | 200 | text/plain, plain/text | continue and show the text |
 * | 200 | application/json | continue; merge the reply's members into the payload's; a blank body has none |
 * | 200 | none | continue and show the file, which Content-Disposition names |
 * | above 400 | | reject; the body is the reason |
 * | any other, including 400 | | continue |
 *
 * koipy's older documentation has `plain/text`, the newer has `text/plain`. Neither version describes a 200 with
 * another content type, an empty text, or a file without bytes and name. All of these replies mean to continue and to
 * show nothing.
 */

import { incomingBodyBytesMax } from "./incoming-limits.ts";
import { attachmentNamed, fileNameOf } from "./content-disposition.ts";
import { checkedAnswer } from "./hook-answer.ts";
import { payloadOf, readJson, writeJson } from "./hook-json.ts";
import type { Attachment, HookAnswer, HookProtocol, HookReply, HookVerdict, OutgoingCall } from "./hook-protocol.ts";
import { imageTypeOf } from "./image-type.ts";
import { isJsonObject, type JsonObject, mergedShallowly, ownMember } from "./json-object.ts";
import { isJsonSpace } from "./json-scan.ts";
import { lenientText } from "./lenient-text.ts";
import { mediaTypeOf } from "./media-type.ts";
import { type ReceiverReply, UndecodableError, UnencodableError } from "./protocol.ts";
import { readReasonCharsMax } from "./reject-reason.ts";

const memberNames = ["message", "config", "slaveRequest", "result", "addons"] as const;

/**
 * The data that koipy sends, and into which the data of a reply is merged. The members are koipy's own objects. Later
 * versions of koipy send fewer members.
 */
export type KoiCallbackData = Readonly<Partial<Record<(typeof memberNames)[number], JsonObject>>>;

const TEXT = "text/plain; charset=utf-8";

export const koipy = {
  name: "koipy",
  keys: "none",
  merges: true,
  // A payload contains whole results. The limit is large because koipy reads status 413 (too large) as a veto.
  bodyBytesMax: incomingBodyBytesMax,
  encode(call) {
    if (!isJsonObject(call.payload)) throw new UnencodableError("payload: not a JSON object, which koipy requires");
    return {
      headers: ["Content-Type", "application/json"],
      body: writeJson("payload", call.payload, call.json),
    };
  },
  interpret,
  decode(request) {
    const payload = payloadOf(request);
    if (!isJsonObject(payload)) throw new UndecodableError("body: not a JSON object");
    return { payload, requestId: null, key: null };
  },
  reply,
} as const satisfies HookProtocol;

// ---- the sender

function interpret(reply: HookReply, call: OutgoingCall): HookVerdict {
  if (reply.status > 400) {
    return { kind: "reject", reason: lenientText(reply.body, readReasonCharsMax), data: call.payload };
  }
  if (reply.status !== 200) return continueWith(call);
  const named = mediaTypeOf(reply.headers["content-type"]);
  switch (named) {
    case "image/jpeg":
    case "image/png":
      return withImage(reply, call);
    case "text/plain":
    case "plain/text":
      return reply.body.length === 0
        ? continueWith(call)
        : continueWith(call, { kind: "text", contentType: "text/plain", ...rest(reply) });
    case "application/json":
      return reply.body.every(isJsonSpace) ? continueWith(call) : merged(reply, call);
    case null:
      return withFile(reply, call);
    default:
      return continueWith(call);
  }
}

function continueWith(call: OutgoingCall, ...attachments: readonly Attachment[]): HookVerdict {
  return { kind: "continue", attachments, data: call.payload };
}

function badReply(detail: string): HookVerdict {
  return { kind: "failed", code: "bad_reply", detail };
}

function rest(reply: HookReply): Pick<Attachment, "filename" | "body"> {
  return { filename: fileNameOf(reply.headers["content-disposition"]), body: reply.body };
}

function withImage(reply: HookReply, call: OutgoingCall): HookVerdict {
  const contentType = imageTypeOf(reply.body);
  if (contentType === null) return badReply("body: not a whole JPEG or PNG");
  return continueWith(call, { kind: "image", contentType, ...rest(reply) });
}

function withFile(reply: HookReply, call: OutgoingCall): HookVerdict {
  const file = { kind: "file", contentType: null, ...rest(reply) } as const;
  return file.body.length === 0 && file.filename === null ? continueWith(call) : continueWith(call, file);
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function merged(reply: HookReply, call: OutgoingCall): HookVerdict {
  const read = readJson(reply.body, call.json);
  if ("fault" in read) return badReply(read.fault);
  if (read.value === null || isEmptyList(read.value)) return continueWith(call);
  if (!isJsonObject(read.value)) return badReply("body: not a JSON object");
  const payload = isJsonObject(call.payload) ? call.payload : {};
  const data: Record<string, unknown> = { ...payload };
  for (const name of memberNames) {
    const theirs = ownMember(read.value, name);
    // Programs in Python send null for a missing object, and programs in PHP send [] for an object without members.
    // Such a member is not merged.
    if (theirs === undefined || isEmptyList(theirs)) continue;
    const ours = ownMember(payload, name);
    if (isJsonObject(theirs)) data[name] = isJsonObject(ours) ? mergedShallowly(ours, theirs) : theirs;
    // Neither value is an object. koipy itself sends no such payload, so the reply repeats a member that another caller
    // sent.
    else if (ours !== undefined && !isJsonObject(ours)) data[name] = theirs;
    else return badReply(`${name}: not a JSON object`);
  }
  return { kind: "continue", attachments: [], data };
}

// ---- the receiver

/**
 * Encodes one answer: a veto, an image, a text, a file, or data to merge. A file is sent without a content type,
 * because koipy recognises a file by the missing content type.
 */
function reply(answer: HookAnswer): ReceiverReply {
  const { action, reason, attachments, data } = checkedAnswer(answer);
  if (action === "reject") {
    if (data !== null) throw new UnencodableError("data: a koipy veto can carry only a reason");
    return { status: 403, headers: { "content-type": TEXT }, body: reason };
  }
  const [attachment] = attachments;
  if (attachment === undefined) return data === null ? { status: 204, headers: {}, body: "" } : replyOfData(data);
  if (attachments.length > 1) throw new UnencodableError("attachments: a koipy reply can carry only one");
  if (data !== null) throw new UnencodableError("data: a koipy reply can carry data or an attachment, not both");
  return replyOfAttachment(attachment);
}

function replyOfData(data: JsonObject): ReceiverReply {
  for (const name of memberNames) {
    const member = ownMember(data, name);
    if (member !== undefined && !isJsonObject(member)) throw new UnencodableError(`data.${name}: not a JSON object`);
  }
  return { status: 200, headers: { "content-type": "application/json" }, body: writeJson("data", data, JSON) };
}

function replyOfAttachment({ kind, filename, body }: Attachment): ReceiverReply {
  const headers: Record<string, string> = {};
  if (kind === "image") {
    const contentType = imageTypeOf(body);
    if (contentType === null) throw new UnencodableError("attachments[0].body: not a whole JPEG or PNG");
    headers["content-type"] = contentType;
  }
  if (kind === "text") headers["content-type"] = TEXT;
  if (filename !== null || kind === "file") headers["content-disposition"] = attachmentNamed(filename);
  return { status: 200, headers, body };
}
