/**
 * Standard Webhooks 1.0.0 (standardwebhooks.com): the message's own bytes, with the message's id, a timestamp and a
 * signature in headers.
 *
 * The signed text is `<webhook-id>.<webhook-timestamp>.<body>`. A shared secret (`oct`) signs with HMAC-SHA256 (`v1`),
 * an Ed25519 key pair (`OKP`) with its private key (`v1a`). During a key rotation several keys sign the same request.
 * Topic, tags and other metadata are not sent, because the signature would not cover their headers.
 */

import { fromBase64, toBase64 } from "./base64.ts";
import { emptyMessage } from "./empty-message.ts";
import { headerText, headerValueCharsMax } from "./header-text.ts";
import { assertPushRequest, incomingName } from "./incoming-limits.ts";
import type { ImportedKey } from "./imported-key.ts";
import type { ProtocolKey, Trust } from "./key.ts";
import type { EncodedRequest, IncomingMessage, IncomingRequest, OutgoingDelivery, PushProtocol } from "./protocol.ts";
import { UndecodableError, UnencodableError, UntrustedError } from "./protocol.ts";
import { cryptoKeyOf, signingKeyFault, UnusableKey, verifyingKeyFault, versionOf } from "./standard-webhooks-key.ts";
import type { SignatureVersion } from "./standard-webhooks-key.ts";
import { ringbackHeaders } from "./ringback-headers.ts";
import { joinedBytes } from "./text-bytes.ts";
import { statusReply, verdictOfReply } from "./status-verdict.ts";
import { incomingDigits, outgoingId, outgoingInteger, timeMsMax } from "./wire-number.ts";

/** The most signatures of a request, one per key. A sender has an old key, a new key, and seldom a third. */
const signaturesMax = 8;
/**
 * The most keys to verify with. Together with {@link signaturesMax}, this limits how often a body from an untrusted
 * sender is hashed.
 */
const verifyingKeysMax = 16;

const signatureBytes: Readonly<Record<SignatureVersion, number>> = { v1: 32, v1a: 64 };

const encoder = new TextEncoder();

export const standardWebhooks = {
  name: "standard-webhooks",
  keys: "required",
  keyFault: signingKeyFault,
  signingKeysMax: signaturesMax,
  verifyingKeyFault,
  verifyingKeysMax,
  ownHeaders: ["webhook-", "svix-"],
  encode,
  interpret: verdictOfReply,
  decode,
  reply: statusReply,
} as const satisfies PushProtocol;

// ---- the sender

async function encode(delivery: OutgoingDelivery, keys: readonly ProtocolKey[]): Promise<EncodedRequest> {
  if (keys.length === 0) throw new UnencodableError("keys: standard-webhooks requires at least one");
  if (keys.length > signaturesMax) throw new UnencodableError(`keys: more than ${signaturesMax}`);
  const id = outgoingId("messageId", delivery.messageId);
  const timestamp = String(Math.floor(outgoingInteger("sentAtMs", delivery.sentAtMs) / 1000));
  const headers = ringbackHeaders(delivery);
  const content = signedContent(id, timestamp, delivery.body);
  const signatures = await Promise.all(keys.map((key) => signatureOf(key, content)));
  headers.push("webhook-id", id, "webhook-timestamp", timestamp, "webhook-signature", signatures.join(" "));
  return { headers, body: delivery.body };
}

async function signatureOf(key: ProtocolKey, content: Uint8Array<ArrayBuffer>): Promise<string> {
  const version = versionOf(key.jwk);
  if (version === null) throw new UnencodableError(`key "${key.kid}": neither a shared secret nor an Ed25519 key`);
  let signer: ImportedKey;
  try {
    signer = await cryptoKeyOf(key.jwk, version, "sign");
  } catch (error) {
    throw error instanceof UnusableKey ? new UnencodableError(`key "${key.kid}": ${error.message}`) : error;
  }
  const signature = await crypto.subtle.sign(signer.algorithm.name, signer, content);
  return `${version},${toBase64(new Uint8Array(signature))}`;
}

function signedContent(id: string, timestamp: string, body: Uint8Array): Uint8Array<ArrayBuffer> {
  return joinedBytes(encoder.encode(`${id}.${timestamp}.`), body);
}

// ---- the receiver

async function decode(request: IncomingRequest, trust: Trust): Promise<IncomingMessage> {
  assertPushRequest(request);
  const { headers } = request;
  const names = headers["webhook-id"] === undefined && headers["svix-id"] !== undefined ? svixNames : webhookNames;
  const id = messageIdOf(names.id, headerText(request, names.id));
  const timestamp = headers[names.timestamp];
  const timestampMs = incomingDigits(names.timestamp, timestamp, timeMsMax / 1000) * 1000;
  const message: IncomingMessage = {
    ...emptyMessage,
    protocol: standardWebhooks.name,
    messageId: id,
    body: request.body,
    contentType: headerText(request, "content-type"),
  };
  const candidates = candidatesOf(headers[names.signature]);
  if (Math.abs(trust.nowMs - timestampMs) > trust.toleranceMs) throw new UntrustedError("timestamp_out_of_tolerance");
  await assertSigned(signedContent(id, String(timestamp), request.body), candidates, trust.keys);
  return message;
}

const webhookNames = { id: "webhook-id", timestamp: "webhook-timestamp", signature: "webhook-signature" } as const;
/** Header names that are older than the standard. Svix still sends them. */
const svixNames = { id: "svix-id", timestamp: "svix-timestamp", signature: "svix-signature" } as const;

/**
 * Returns the id. An id with a full stop is refused, because the signed text would be ambiguous: the beginning of the
 * body could be read as the timestamp, with the same valid signature.
 */
function messageIdOf(name: string, value: string | null): string {
  const id = incomingName(name, value ?? undefined);
  if (id.includes("."))
    throw new UndecodableError(`${name}: contains a full stop, which makes the signed text ambiguous`);
  return id;
}

interface Candidate {
  readonly version: SignatureVersion;
  readonly signature: Uint8Array<ArrayBuffer>;
}

/**
 * Returns the distinct signatures of the known versions. Signatures of other versions are ignored, since newer versions
 * may exist. An entry that ends with a second comma comes from a repeated header, whose values servers join with ", ".
 * Such a header is refused whatever the order of its values.
 */
function candidatesOf(value: string | undefined): readonly Candidate[] {
  if (value === undefined || value === "") throw new UntrustedError("no_signature");
  if (value.length > headerValueCharsMax) throw new UntrustedError("malformed");
  const candidates: Candidate[] = [];
  let unknownVersions = 0;
  for (const entry of new Set(value.split(" "))) {
    const comma = entry.indexOf(",");
    if (entry.lastIndexOf(",") > comma && entry.endsWith(",")) throw new UntrustedError("malformed");
    const version = entry.slice(0, Math.max(comma, 0));
    if (!isVersion(version)) {
      if (version !== "") unknownVersions++;
      continue;
    }
    const signature = fromBase64(entry.slice(comma + 1));
    if (signature?.length === signatureBytes[version]) candidates.push({ version, signature });
  }
  if (candidates.length > signaturesMax) throw new UntrustedError("malformed");
  if (candidates.length === 0) throw new UntrustedError(unknownVersions > 0 ? "wrong_algorithm" : "malformed");
  return candidates;
}

function isVersion(text: string): text is SignatureVersion {
  return text === "v1" || text === "v1a";
}

/** Verifies the signatures with Web Cryptography, which compares in constant time. */
async function assertSigned(
  content: Uint8Array<ArrayBuffer>,
  candidates: readonly Candidate[],
  keys: readonly ProtocolKey[],
): Promise<void> {
  if (keys.length > verifyingKeysMax) throw new TypeError(`keys: more than ${verifyingKeysMax}`);
  let tried = 0;
  for (const key of keys) {
    const version = versionOf(key.jwk);
    for (const candidate of candidates) {
      if (candidate.version !== version) continue;
      tried++;
      const verifier = await verifierOf(key, version);
      if (await crypto.subtle.verify(verifier.algorithm.name, verifier, candidate.signature, content)) return;
    }
  }
  throw new UntrustedError(tried === 0 ? "unknown_key" : "wrong_signature");
}

/**
 * Imports a key for verifying. An unusable key is a mistake of the receiving program and not of the sender, so a
 * TypeError is thrown.
 */
async function verifierOf(key: ProtocolKey, version: SignatureVersion): Promise<ImportedKey> {
  try {
    return await cryptoKeyOf(key.jwk, version, "verify");
  } catch (error) {
    throw error instanceof UnusableKey ? new TypeError(`key "${key.kid}": ${error.message}`) : error;
  }
}
