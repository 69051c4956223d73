/**
 * The pushes of the WeChat HTTP API (WeChatAPI, "wechatsdk"): the message is a JSON object, and its own bytes are what is
 * sent. The same bytes go over three ways that users of that API know: an HTTP POST, a text frame of a WebSocket, and TCP
 * with four bytes of length before them; only HTTP has replies.
 *
 * An object looks like `{pushType, pushTime, type, data, robot}`. Its ids (`data.msgSvrID`) have 64 bits and more, so
 * nothing here writes the object anew, and what reads it keeps every digit.
 *
 * Where the descriptions of that API are silent: a body with a byte order mark is not sent (RFC 8259 section 8.1 forbids
 * one on the network) but is read; the receiver answers 500 when the message was not handled, with a text that tells
 * nothing.
 */

import { emptyMessage } from "./empty-message.ts";
import { parseWithExactIntegers } from "./exact-integers.ts";
import { readJson, readObject } from "./hook-json.ts";
import { assertPushRequest } from "./incoming-limits.ts";
import type { JsonObject } from "./json-object.ts";
import { isJsonObject, ownMember } from "./json-object.ts";
import type {
  EncodedRequest,
  IncomingMessage,
  IncomingRequest,
  OutgoingDelivery,
  PushProtocol,
  ReceiverReply,
} from "./protocol.ts";
import { UnencodableError } from "./protocol.ts";
import { verdictOfReply } from "./status-verdict.ts";
import { timeMsMax } from "./wire-number.ts";

const CONTENT_TYPE = "application/json";

export const wechat = {
  name: "wechat",
  keys: "none",
  schemes: ["http", "https", "ws", "wss", "tcp"],
  encode,
  interpret: verdictOfReply,
  decode,
  reply,
} as const satisfies PushProtocol;

// ---- the sender

const headers: readonly string[] = Object.freeze(["Content-Type", CONTENT_TYPE]);

function encode({ body }: OutgoingDelivery): EncodedRequest {
  if (body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf) {
    throw new UnencodableError("body: begins with a byte order mark, which JSON on the network must not");
  }
  const read = readJson(body, JSON);
  if ("fault" in read) throw new UnencodableError(read.fault);
  if (!isJsonObject(read.value)) throw new UnencodableError("body: not a JSON object, which wechat sends alone");
  return { headers, body };
}

// ---- the receiver

/** Ids have 20 digits, and 22 in one document; whoever keeps ids must not be made to keep megabytes. */
const messageIdCharsMax = 64;

const exactJson = { parse: parseWithExactIntegers, stringify: JSON.stringify };

function decode(request: IncomingRequest): IncomingMessage {
  assertPushRequest(request);
  const push = readObject(request.body, exactJson);
  return {
    ...emptyMessage,
    protocol: wechat.name,
    messageId: integerText(dataOf(push), "msgSvrID"),
    publishedAtMs: publishedAtMs(push),
    body: request.body,
    contentType: CONTENT_TYPE,
  };
}

/** The body that the document's own receiver answers; senders do not look into it. */
function reply(handled: boolean): ReceiverReply {
  return handled
    ? { status: 200, headers: { "content-type": CONTENT_TYPE }, body: '{"response":"success"}' }
    : {
        status: 500,
        headers: { "content-type": CONTENT_TYPE },
        body: '{"message":"An error occurred: the message was not handled"}',
      };
}

function dataOf(push: JsonObject): JsonObject {
  return objectMember(push, "data") ?? noMembers;
}

const noMembers: JsonObject = Object.freeze({});

function publishedAtMs(push: JsonObject): number | null {
  const seconds = numberMember(push, "pushTime");
  if (seconds === null || seconds < 0 || seconds * 1000 > timeMsMax) return null;
  return Math.floor(seconds * 1000);
}

/** What a push says, in one form whichever edition of the API has sent it. What it does not say is null. */
export interface WechatPush {
  /** 0: result of an asynchronous call, 1: message, 2: login, 3: logout, 4: sending, 5: change of a group. */
  readonly pushType: number | null;
  /** Unix time in seconds. */
  readonly pushTime: number | null;
  readonly type: number | null;
  readonly data: WechatPushData;
  /** The account that it comes from: alias, nickName, userName …; empty when it is not told. */
  readonly robot: Readonly<Record<string, unknown>>;
  /** Everything, as it was sent. An integer that a JS number cannot hold is a string of its digits. */
  readonly raw: Readonly<Record<string, unknown>>;
}

/** The members of a message; pushes of other types have others, which stand in `raw`. */
export interface WechatPushData {
  readonly from: string | null;
  readonly to: string | null;
  /** 1: text, 3: image, 34: voice, 37: friend request, 42: card, 47: emoji, 48: place, 49: XML, 10000: system, 10002: recall. */
  readonly type: number | null;
  /** In a group it begins with the sender's id, a colon and a line break. */
  readonly content: string | null;
  /** All its digits: it has 64 bits. */
  readonly msgSvrID: string | null;
  /** Also where it is spelt `reversed1`. */
  readonly reserved1: string | null;
  /** Unix time in seconds; also where it is spelt `createtime`. */
  readonly createTime: number | null;
  readonly isChatroomMsg: boolean | null;
  readonly isSender: boolean | null;
  readonly syncFromMobile: boolean | null;
  readonly talkerInfo: Readonly<Record<string, unknown>> | null;
  readonly chatroomMemberInfo: Readonly<Record<string, unknown>> | null;
  readonly raw: Readonly<Record<string, unknown>>;
}

/** Reads a message that came in this dialect. Throws {@link UndecodableError} when its body is not a JSON object. */
export function wechatPush(message: Pick<IncomingMessage, "body">): WechatPush {
  const push = readObject(message.body, exactJson);
  return {
    pushType: numberMember(push, "pushType"),
    pushTime: numberMember(push, "pushTime"),
    type: numberMember(push, "type"),
    data: messageOf(dataOf(push)),
    robot: objectMember(push, "robot") ?? noMembers,
    raw: push,
  };
}

function messageOf(data: JsonObject): WechatPushData {
  return {
    from: textMember(data, "from"),
    to: textMember(data, "to"),
    type: numberMember(data, "type"),
    content: textMember(data, "content"),
    msgSvrID: integerText(data, "msgSvrID"),
    reserved1: textMember(data, "reserved1") ?? textMember(data, "reversed1"),
    createTime: numberMember(data, "createTime") ?? numberMember(data, "createtime"),
    isChatroomMsg: yesOrNo(data, "isChatroomMsg"),
    isSender: yesOrNo(data, "isSender"),
    syncFromMobile: yesOrNo(data, "syncFromMobile"),
    talkerInfo: objectMember(data, "talkerInfo"),
    chatroomMemberInfo: objectMember(data, "chatroomMemberInfo"),
    raw: data,
  };
}

function textMember(object: JsonObject, name: string): string | null {
  const value = ownMember(object, name);
  return typeof value === "string" ? value : null;
}

/** Some editions write numbers as text. */
function numberMember(object: JsonObject, name: string): number | null {
  const value = ownMember(object, name);
  if (typeof value === "number") return value;
  return typeof value === "string" && /^-?\d{1,15}$/.test(value) ? Number(value) : null;
}

function yesOrNo(object: JsonObject, name: string): boolean | null {
  const value = ownMember(object, name);
  if (typeof value === "boolean") return value;
  const number = numberMember(object, name);
  return number === null ? null : number !== 0;
}

function objectMember(object: JsonObject, name: string): JsonObject | null {
  const value = ownMember(object, name);
  return isJsonObject(value) ? value : null;
}

function integerText(object: JsonObject, name: string): string | null {
  const value = ownMember(object, name);
  if (typeof value === "number") return Number.isSafeInteger(value) ? String(value) : null;
  return typeof value === "string" && value.length <= messageIdCharsMax && /^-?\d+$/.test(value) ? value : null;
}
