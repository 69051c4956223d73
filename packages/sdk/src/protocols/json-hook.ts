/**
 * Ringback's own hook dialect. The request body is the payload as JSON (any JSON value), and the header
 * `ringback-request-id` identifies the call. The meaning of a reply:
 *
 * | status | body | meaning |
 * |---|---|---|
 * | 2xx | none (always for 204 and 205) | continue |
 * | 2xx | JSON, `{"action", "reason", "data", "attachments"}` | see below; every member may be absent |
 * | 4xx, except 408 and 429 | any | reject; see below for the reason |
 * | 408, 429, 5xx, 3xx, any other | | the call has failed |
 *
 * `action` is "continue" (the default) or "reject". `data` is an object: it is merged shallowly into a payload that is
 * an object, and replaces any other payload. An attachment is `{"kind", "contentType", "filename", "bodyBase64"}`,
 * where `kind` and `bodyBase64` are required. Attachments of a rejection and unknown members are ignored. A null member
 * is the same as an absent one. The reason of a 4xx is the member `reason`, `detail` or `title` (RFC 9457) of its JSON,
 * or the text of its body.
 */

import { fromBase64, toBase64 } from "./base64.ts";
import { incomingBodyBytesMax } from "./incoming-limits.ts";
import { safeFileName } from "./file-name.ts";
import { checkedAnswer } from "./hook-answer.ts";
import { headerText } from "./header-text.ts";
import { payloadOf, readJson, readObject, writeJson } from "./hook-json.ts";
import type { Attachment, HookAnswer, HookProtocol, HookReply, HookVerdict, OutgoingCall } from "./hook-protocol.ts";
import { imageTypeOf } from "./image-type.ts";
import { isJsonObject, type JsonObject, mergedShallowly, ownMember } from "./json-object.ts";
import { lenientText } from "./lenient-text.ts";
import { isJsonType, isMediaType, mediaTypeOf } from "./media-type.ts";
import { type IncomingRequest, type ReceiverReply, UndecodableError, UnencodableError } from "./protocol.ts";
import { readReason, readReasonCharsMax } from "./reject-reason.ts";

/** The most attachments of a reply. People do not open more attachments of one result. */
export const replyAttachmentsMax = 16;
/** The longest file name that is read. No file system allows a name this long, in any script. */
export const filenameCharsMax = 1024;
/**
 * The longest content type that is read. The two halves of a media type have at most 127 characters each; parameters
 * may follow.
 */
export const contentTypeCharsMax = 1024;

const REQUEST_ID = "ringback-request-id";
const requestIdForm = /^[a-zA-Z\d-]{1,64}$/;
const notARequestId = "not 1 to 64 letters, digits and hyphens";

export const jsonHook = {
  name: "json",
  keys: "none",
  merges: true,
  bodyBytesMax: incomingBodyBytesMax,
  encode({ requestId, payload, json }) {
    if (!requestIdForm.test(requestId)) throw new UnencodableError(`requestId: ${notARequestId}`);
    return {
      headers: ["Content-Type", "application/json", REQUEST_ID, requestId],
      body: writeJson("payload", payload, json),
    };
  },
  interpret,
  // Only logs use the id, so a call without one is accepted.
  decode: (request) => ({ payload: payloadOf(request), requestId: requestIdOf(request), key: null }),
  reply,
} as const satisfies HookProtocol;

// ---- the sender

function interpret(reply: HookReply, call: OutgoingCall): HookVerdict {
  const { status } = reply;
  if (status >= 200 && status < 300) return verdictOfSuccess(reply, call);
  if (status >= 400 && status < 500 && status !== 408 && status !== 429) {
    return { kind: "reject", reason: reasonOfRefusal(reply, call), data: call.payload };
  }
  return { kind: "failed", code: "http_status", detail: `the reply has the status ${status}` };
}

function verdictOfSuccess(reply: HookReply, call: OutgoingCall): HookVerdict {
  if (reply.status === 204 || reply.status === 205 || reply.body.length === 0) {
    return { kind: "continue", attachments: [], data: call.payload };
  }
  try {
    if (!isJsonType(mediaTypeOf(reply.headers["content-type"]))) {
      throw new UndecodableError("content-type: not JSON, although the body is not empty");
    }
    return verdictOfObject(readObject(reply.body, call.json), call.payload);
  } catch (error) {
    if (error instanceof UndecodableError) return { kind: "failed", code: "bad_reply", detail: error.message };
    throw error;
  }
}

function verdictOfObject(answer: JsonObject, payload: unknown): HookVerdict {
  const action = ownMember(answer, "action") ?? "continue";
  if (action !== "continue" && action !== "reject") throw new UndecodableError('action: not "continue" or "reject"');
  const reason = textMember(answer, "reason", "reason") ?? "";
  const data = dataOf(answer, payload);
  const attachments = attachmentsOf(answer);
  return action === "reject"
    ? { kind: "reject", reason: readReason(reason), data }
    : { kind: "continue", attachments, data };
}

function dataOf(answer: JsonObject, payload: unknown): unknown {
  const data = ownMember(answer, "data");
  if (data === undefined) return payload;
  if (!isJsonObject(data)) throw new UndecodableError("data: not a JSON object");
  return isJsonObject(payload) ? mergedShallowly(payload, data) : data;
}

function attachmentsOf(answer: JsonObject): readonly Attachment[] {
  const attachments = ownMember(answer, "attachments") ?? [];
  if (!Array.isArray(attachments)) throw new UndecodableError("attachments: not an array");
  if (attachments.length > replyAttachmentsMax) {
    throw new UndecodableError(`attachments: more than ${replyAttachmentsMax}`);
  }
  return attachments.map((value, at) => attachmentOf(value, `attachments[${at}]`));
}

function attachmentOf(value: unknown, part: string): Attachment {
  if (!isJsonObject(value)) throw new UndecodableError(`${part}: not a JSON object`);
  const kind = ownMember(value, "kind");
  if (kind !== "image" && kind !== "text" && kind !== "file") {
    throw new UndecodableError(`${part}.kind: not "image", "text" or "file"`);
  }
  const body = fromBase64(textMember(value, "bodyBase64", `${part}.bodyBase64`) ?? "*");
  if (body === null) throw new UndecodableError(`${part}.bodyBase64: not base64`);
  const named = mediaTypeOf(shortMember(value, "contentType", contentTypeCharsMax, part) ?? undefined);
  if (named !== null && !isMediaType(named)) throw new UndecodableError(`${part}.contentType: not a media type`);
  const contentType = kind === "image" ? typeOfImage(named, body) : named;
  if (kind === "image" && contentType === null) throw new UndecodableError(`${part}: not a whole image`);
  const filename = shortMember(value, "filename", filenameCharsMax, part);
  return { kind, contentType, filename: filename === null ? null : safeFileName(filename), body };
}

/**
 * Returns the type of the image. PNG and JPEG are detected from the bytes. Other types cannot be detected and are taken
 * from the declared type. Returns null for bytes that are not an image, and for a PNG or JPEG that was cut off.
 */
function typeOfImage(named: string | null, body: Uint8Array): string | null {
  const found = imageTypeOf(body);
  if (found !== null) return found;
  const isDetectable = named === "image/png" || named === "image/jpeg";
  return named?.startsWith("image/") === true && !isDetectable && body.length > 0 ? named : null;
}

/** Returns null when the member is absent. */
function textMember(object: JsonObject, name: string, part: string): string | null {
  const value = ownMember(object, name) ?? null;
  if (value !== null && typeof value !== "string") throw new UndecodableError(`${part}: not a string`);
  return value;
}

function shortMember(object: JsonObject, name: string, charsMax: number, of: string): string | null {
  const part = `${of}.${name}`;
  const text = textMember(object, name, part);
  if (text !== null && text.length > charsMax)
    throw new UndecodableError(`${part}: longer than ${charsMax} characters`);
  return text;
}

/** Returns the reason of a rejection. A reply remains a rejection even when its reason cannot be read. */
function reasonOfRefusal(reply: HookReply, call: OutgoingCall): string {
  const read = isJsonType(mediaTypeOf(reply.headers["content-type"])) ? readJson(reply.body, call.json) : null;
  if (read !== null && "value" in read && isJsonObject(read.value)) {
    for (const name of ["reason", "detail", "title"]) {
      const text = ownMember(read.value, name);
      if (typeof text === "string") return readReason(text);
    }
  }
  return lenientText(reply.body, readReasonCharsMax);
}

// ---- the receiver

function requestIdOf(request: IncomingRequest): string | null {
  const requestId = headerText(request, REQUEST_ID);
  if (requestId !== null && !requestIdForm.test(requestId))
    throw new UndecodableError(`${REQUEST_ID}: ${notARequestId}`);
  return requestId;
}

function reply(answer: HookAnswer): ReceiverReply {
  const { action, reason, attachments, data } = checkedAnswer(answer);
  if (action === "continue" && data === null && attachments.length === 0) {
    return { status: 204, headers: {}, body: "" };
  }
  if (attachments.length > replyAttachmentsMax) {
    throw new UnencodableError(`attachments: more than ${replyAttachmentsMax}`);
  }
  const json = {
    action,
    ...(action === "reject" && { reason }),
    ...(data !== null && { data }),
    ...(attachments.length > 0 && { attachments: attachments.map(attachmentJson) }),
  };
  return { status: 200, headers: { "content-type": "application/json" }, body: writeJson("answer", json, JSON) };
}

function attachmentJson({ kind, contentType, filename, body }: Attachment, at: number): object {
  const part = `attachments[${at}]`;
  if (contentType !== null && (!isMediaType(contentType) || contentType !== contentType.toLowerCase())) {
    throw new UnencodableError(`${part}.contentType: not a media type without parameters, in lower case`);
  }
  if (kind === "image" && (contentType === null || typeOfImage(contentType, body) !== contentType)) {
    throw new UnencodableError(`${part}: not a whole image of the named type`);
  }
  return { kind, contentType, filename, bodyBase64: toBase64(body) };
}
