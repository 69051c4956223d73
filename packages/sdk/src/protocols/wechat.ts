/**
 * Pushes of the WeChat HTTP API (WeChatAPI, "wechatsdk"). The message is a JSON object, whose bytes are sent unchanged.
 * They are sent as an HTTP POST, as a text frame of a WebSocket, or over TCP after a length of four bytes. Only HTTP
 * has replies.
 *
 * The object is `{pushType, pushTime, type, data, robot}`. Its ids (`data.msgSvrID`) have 64 bits or more, so the
 * object is never re-encoded, and all digits are kept when it is read.
 *
 * The API does not document two cases. A body with a byte order mark is rejected when sending (RFC 8259 section 8.1
 * forbids it on the network) and accepted when receiving. The receiver answers 500, with a text that reveals nothing,
 * when the message was not handled.
 */

import { emptyMessage } from "./empty-message.ts";
import { parseWithExactIntegers } from "./exact-integers.ts";
import { hookJsonDepthMax, readObject } from "./hook-json.ts";
import { assertPushRequest } from "./incoming-limits.ts";
import { isJsonObject, type JsonObject, ownMember } from "./json-object.ts";
import { jsonFaultOf } from "./json-reader.ts";
import { isJsonSpace } from "./json-scan.ts";
import { type IncomingMessage, type OutgoingDelivery, type PushProtocol, UnencodableError } from "./protocol.ts";
import { verdictOfReply } from "./status-verdict.ts";
import { utf8Text } from "./text-bytes.ts";
import { timeMsMax } from "./wire-number.ts";

const CONTENT_TYPE = "application/json";

export const wechat = {
  name: "wechat",
  keys: "none",
  schemes: ["http", "https", "ws", "wss", "tcp"],
  encode,
  interpret: verdictOfReply,
  decode(request) {
    assertPushRequest(request);
    const push = readObject(request.body, exactJson);
    return {
      ...emptyMessage,
      protocol: "wechat",
      messageId: integerText(dataOf(push), "msgSvrID"),
      publishedAtMs: publishedAtMs(push),
      body: request.body,
      contentType: CONTENT_TYPE,
    };
  },
  /** The answer of the sample receiver in the documentation; senders ignore the body. */
  reply: (handled) => ({
    status: handled ? 200 : 500,
    headers: { "content-type": CONTENT_TYPE },
    body: handled ? '{"response":"success"}' : '{"message":"An error occurred: the message was not handled"}',
  }),
} as const satisfies PushProtocol;

// ---- the sender

/** The body is sent as it is, so the number of its values does not matter. */
const sentJsonLimits = { depthMax: hookJsonDepthMax, valuesMax: Number.POSITIVE_INFINITY };
const OPENING_BRACE = 0x7b;

const headers: readonly string[] = Object.freeze(["Content-Type", CONTENT_TYPE]);

function encode({ body }: OutgoingDelivery) {
  if (body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf) {
    throw new UnencodableError("body: begins with a byte order mark, which RFC 8259 forbids");
  }
  const fault = utf8Text(body) === null ? "not UTF-8" : jsonFaultOf(body, sentJsonLimits);
  if (fault !== null) throw new UnencodableError(`body: ${fault}`);
  if (body.find((byte) => !isJsonSpace(byte)) === OPENING_BRACE) return { headers, body };
  throw new UnencodableError("body: not a JSON object, the only body that wechat can carry");
}

// ---- the receiver

/** The longest id that is read. Ids have 20 digits, in one document 22. The limit protects programs that store ids. */
const messageIdCharsMax = 64;

const exactJson = { parse: parseWithExactIntegers, stringify: JSON.stringify };

function dataOf(push: JsonObject): JsonObject {
  return objectMember(push, "data") ?? noMembers;
}

const noMembers: JsonObject = Object.freeze({});

function publishedAtMs(push: JsonObject): number | null {
  const seconds = numberMember(push, "pushTime");
  if (seconds === null || seconds < 0 || seconds * 1000 > timeMsMax) return null;
  return Math.floor(seconds * 1000);
}

/** A push in one form for all editions of the API. Members that were not sent are null. */
export interface WechatPush {
  /** 0: result of an asynchronous call, 1: message, 2: login, 3: logout, 4: sending, 5: change of a group. */
  readonly pushType: number | null;
  /** Unix time in seconds. */
  readonly pushTime: number | null;
  readonly type: number | null;
  readonly data: WechatPushData;
  /** The account that the push comes from (alias, nickName, userName …); empty when it was not sent. */
  readonly robot: Readonly<Record<string, unknown>>;
  /** All members as they were sent. An integer that a JS number cannot represent is a string of its digits. */
  readonly raw: Readonly<Record<string, unknown>>;
}

/** The members of a message. Members of other pushes are only in `raw`. */
export interface WechatPushData {
  readonly from: string | null;
  readonly to: string | null;
  /**
   * 1: text, 3: image, 34: voice, 37: friend request, 42: card, 47: emoji, 48: location, 49: XML, 10000: system, 10002:
   * recall.
   */
  readonly type: number | null;
  /** In a group the content begins with the sender's id, a colon and a line break. */
  readonly content: string | null;
  /** The digits of a 64-bit integer. */
  readonly msgSvrID: string | null;
  /** Some editions spell the member `reversed1`. */
  readonly reserved1: string | null;
  /** Unix time in seconds. Some editions spell the member `createtime`. */
  readonly createTime: number | null;
  readonly isChatroomMsg: boolean | null;
  readonly isSender: boolean | null;
  readonly syncFromMobile: boolean | null;
  readonly talkerInfo: Readonly<Record<string, unknown>> | null;
  readonly chatroomMemberInfo: Readonly<Record<string, unknown>> | null;
  readonly raw: Readonly<Record<string, unknown>>;
}

/** Parses a message of this dialect. Throws {@link UndecodableError} when the body is not a JSON object. */
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
    isChatroomMsg: booleanMember(data, "isChatroomMsg"),
    isSender: booleanMember(data, "isSender"),
    syncFromMobile: booleanMember(data, "syncFromMobile"),
    talkerInfo: objectMember(data, "talkerInfo"),
    chatroomMemberInfo: objectMember(data, "chatroomMemberInfo"),
    raw: data,
  };
}

function textMember(object: JsonObject, name: string): string | null {
  const value = ownMember(object, name);
  return typeof value === "string" ? value : null;
}

/** Returns the number; null for any other value. Some editions write numbers as strings. */
function numberMember(object: JsonObject, name: string): number | null {
  const value = ownMember(object, name);
  if (typeof value === "number") return value;
  return typeof value === "string" && /^-?\d{1,15}$/.test(value) ? Number(value) : null;
}

function booleanMember(object: JsonObject, name: string): boolean | null {
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
