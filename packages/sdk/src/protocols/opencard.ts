/**
 * Baidu documents Unix seconds, but not whether the value is a time or a duration. The value is therefore passed on
 * unchanged.
 */

import { toBase64Url } from "./base64.ts";
import { readObject, writeJson } from "./hook-json.ts";
import type { HookFailure, HookProtocol, HookReply, HookVerdict, IncomingCall, OutgoingCall } from "./hook-protocol.ts";
import type { Jwk, ProtocolKey } from "./key.ts";
import { type JsonObject, ownMember } from "./json-object.ts";
import { headerNameCharsMax, isHeaderName, type OpencardHeader } from "./opencard-header.ts";
import { opencardKeyFault } from "./opencard-key.ts";
import { type OpencardToken, openToken, plaintextBytesMax, readToken, sealToken } from "./opencard-token.ts";
import { type ReceiverReply, UndecodableError, UnencodableError, UntrustedError } from "./protocol.ts";
import { readReason } from "./reject-reason.ts";

const OPENING_BRACE = 0x7b;
const CONTENT_TYPE = "application/jwt";

export const opencard = {
  name: "opencard",
  keys: "required",
  // A hook has one URL only: a second URL would receive the reply instead of the payload.
  merges: false,
  keyFault: opencardKeyFault,
  async encode(call) {
    const { header, jwk } = underKey(call.key, call.requestId);
    const body = await sealToken(payloadBytes("payload", call.payload, call.json), header, jwk);
    return { headers: ["Content-Type", CONTENT_TYPE], body };
  },
  interpret,
  async decode(request, trust) {
    if (request.method !== "POST") throw new UndecodableError("method: a call is always a POST");
    const { plaintext, ...call } = await openCall(readToken(request.body), trust.keys);
    return { payload: readObject(plaintext, JSON), ...call };
  },
  /** A rejection is sent as status 1: the called program has no result for this call. */
  async reply({ action, reason = "", attachments = [], data }, call) {
    if (attachments.length > 0) throw new UnencodableError("attachments: Opencard cannot carry attachments");
    const result = action === "continue" ? { status: 0, msg: "" } : { status: 1, msg: reason };
    return await sealReply(data === undefined ? result : { ...result, data }, call);
  },
} as const satisfies HookProtocol;

/** A reply, as it is in the token. */
export interface OpencardReply {
  /** 0: a result, 1: no result, 2: bad parameters, 3: an internal error. */
  readonly status: number;
  readonly msg: string;
  /** The card's own data; absent when there is none. */
  readonly data?: unknown;
  /** Unix seconds. Baidu does not document whether the value is a time or a duration, so it is passed on unchanged. */
  readonly lifetime?: unknown;
}

// ---- the sender

async function interpret(reply: HookReply, call: OutgoingCall): Promise<HookVerdict> {
  // Baidu documents that every reply has status 200, so a holder of the key sends no other status.
  if (reply.status !== 200) return failed("http_status", `the reply has the status ${reply.status} instead of 200`);
  try {
    return verdictOf(await openReply(reply, call));
  } catch (error) {
    return failureOf(error);
  }
}

async function openReply(reply: HookReply, call: OutgoingCall): Promise<OpencardReply> {
  const token = readToken(reply.body);
  const { header, jwk } = underKey(call.key, call.requestId);
  // The header of the reply must equal the header of the call. Its values are compared and not its bytes, because other
  // libraries sort the members.
  if (token.header.kid !== header.kid || token.header.rid !== header.rid) throw new UntrustedError("unknown_key");
  return replyOf(readObject(await openToken(token, jwk), call.json));
}

function replyOf(payload: JsonObject): OpencardReply {
  const status = ownMember(payload, "status");
  if (!Number.isSafeInteger(status)) throw new UndecodableError("status: not an integer");
  const msg = ownMember(payload, "msg") ?? "";
  if (typeof msg !== "string") throw new UndecodableError("msg: not a string");
  return {
    status: status as number,
    msg,
    ...(Object.hasOwn(payload, "data") ? { data: payload["data"] } : {}),
    ...(Object.hasOwn(payload, "lifetime") ? { lifetime: payload["lifetime"] } : {}),
  };
}

function verdictOf(reply: OpencardReply): HookVerdict {
  return reply.status === 0
    ? { kind: "continue", attachments: [], data: reply }
    : { kind: "reject", reason: readReason(reply.msg), data: reply };
}

function failureOf(error: unknown): HookVerdict {
  if (error instanceof UndecodableError) return failed("bad_reply", error.message);
  if (!(error instanceof UntrustedError)) return failed("bad_reply", "the reply cannot be read");
  return error.reason === "malformed"
    ? failed("bad_reply", "the reply is not an Opencard token")
    : failed("untrusted_reply", "the reply's token was not created with the key, or not for this call");
}

function failed(code: HookFailure, detail: string): HookVerdict {
  return { kind: "failed", code, detail };
}

// ---- the receiver

export interface OpenedCall {
  readonly key: ProtocolKey;
  readonly requestId: string;
  readonly plaintext: Uint8Array;
}

/**
 * Decrypts the call. Throws {@link UntrustedError}. For an unknown kid another key is tried, so that an unknown kid
 * takes as long as a wrong key. The time therefore does not reveal which kids exist.
 */
export async function openCall(token: OpencardToken, keys: readonly ProtocolKey[]): Promise<OpenedCall> {
  const key = keys.find(({ kid, jwk }) => kid === token.header.kid && opencardKeyFault(jwk) === null);
  if (key === undefined) {
    await openToken(token, decoyKey()).catch(() => null);
    throw new UntrustedError("unknown_key");
  }
  return { key, requestId: token.header.rid, plaintext: await openToken(token, key.jwk) };
}

let decoy: Jwk | null = null;

/**
 * A key that nobody knows. Created at first use, because some platforms have no random numbers while a module loads.
 */
function decoyKey(): Jwk {
  decoy ??= { kty: "oct", k: toBase64Url(crypto.getRandomValues(new Uint8Array(16))) };
  return decoy;
}

/** Encodes the reply to a call with the call's own key and header. Rejects with {@link UnencodableError}. */
export async function sealReply(
  reply: OpencardReply,
  call: Pick<IncomingCall, "key" | "requestId">,
): Promise<ReceiverReply> {
  const { header, jwk } = underKey(call.key, call.requestId);
  const body = await sealToken(payloadBytes("reply", reply, JSON), header, jwk);
  return { status: 200, headers: { "content-type": CONTENT_TYPE }, body };
}

// ---- both

/**
 * Returns the header and the key of a call. Throws {@link UnencodableError}, whose text contains no part of the key.
 */
function underKey(key: ProtocolKey | null, rid: string | null): { header: OpencardHeader; jwk: Jwk } {
  if (key === null) throw new UnencodableError("key: Opencard requires a key");
  const fault = opencardKeyFault(key.jwk);
  if (fault !== null) throw new UnencodableError(`key: ${fault}`);
  return { header: { kid: headerName("kid", key.kid), rid: headerName("requestId", rid) }, jwk: key.jwk };
}

function headerName(part: string, value: unknown): string {
  if (isHeaderName(value)) return value;
  throw new UnencodableError(
    `${part}: must be text of 1 to ${headerNameCharsMax} characters without control characters`,
  );
}

/**
 * Encodes the payload. Throws {@link UnencodableError} for a value that the other end would reject. `part` names the
 * value in the error.
 */
function payloadBytes(part: string, value: unknown, json: OutgoingCall["json"]): Uint8Array {
  const bytes = writeJson(part, value, json);
  if (bytes[0] !== OPENING_BRACE) throw new UnencodableError(`${part}: not a JSON object`);
  if (bytes.length > plaintextBytesMax) {
    throw new UnencodableError(`${part}: JSON larger than ${plaintextBytesMax} bytes`);
  }
  return bytes;
}
