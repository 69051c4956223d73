import {
  UnencodableError,
  type EncodedRequest,
  type OutgoingDelivery,
  type ProtocolKey,
  type PushProtocol,
  type RetryAfter,
} from "@ringback/sdk/protocols";
import { errorTable } from "../../domain/errors.ts";
import { hopsHeader, isLoopReply } from "../../domain/hops.ts";
import { messageId } from "../../domain/message-id.ts";
import type { AccountId, Message, TimeMs } from "../../domain/model.ts";
import { contentEncodingOf } from "../../domain/received-request.ts";
import { ExpressionError } from "../../expressions/expression-error.ts";
import type { Transformation, Transformed } from "../../expressions/transform.ts";
import { parseTarget } from "../../transport/endpoint.ts";
import { traceHeaders } from "../../domain/trace-context.ts";
import type { ClaimedDelivery } from "../../store/log.ts";
import type { Endpoint, PostResult } from "../../transport/port.ts";
import type { KeyRing } from "../keys/keys.ts";
import { markedRequestId } from "../loops.ts";
import type { Route } from "./route.ts";
import { type EndpointSecretReader, type OpenedAccess } from "../keys/endpoint-secrets.ts";

/** Gives the secrets that requests are made with. */
export interface Secrets {
  readonly keyRingOf: (accountId: AccountId) => KeyRing;
  readonly endpointSecrets: EndpointSecretReader;
}

export interface PreparedRequest extends EncodedRequest {
  /** Set if a transformation has made the URL. */
  readonly path?: string;
  /** Set if the request is sent with an OAuth2 token or with TLS settings of the subscription. */
  readonly access?: OpenedAccess;
}

/** The reason why a delivery cannot be sent. */
export interface EncodeFailure {
  /**
   * `unencodable`: the dialect cannot carry this message. `key_unavailable`: a key is missing or unfit, or a secret of
   * the endpoint cannot be decrypted. `filter_failed`, `transform_failed`: see `deadReasons`.
   */
  readonly failure: "unencodable" | "key_unavailable" | "filter_failed" | "transform_failed";
  readonly detail: string | null;
}

/** The endpoint with the parameters that the dialect adds to the query of its URL. */
export function endpointFor(
  { endpoint }: Pick<Route, "endpoint">,
  { query, path = endpoint.path }: Pick<PreparedRequest, "query" | "path">,
): Endpoint {
  if (query === undefined) return path === endpoint.path ? endpoint : { ...endpoint, path };
  return { ...endpoint, path: `${path}${path.includes("?") ? "&" : "?"}${query}` };
}

/**
 * Encodes one delivery in the subscription's dialect. Returns a promise if the subscription has keys or secrets,
 * because keys are read from the store and the cryptography is asynchronous.
 */
export function encode(
  route: Route,
  delivery: ClaimedDelivery,
  sending: { readonly requestId: string; readonly sentAtMs: TimeMs },
  secrets: Secrets,
): PreparedRequest | EncodeFailure | Promise<PreparedRequest | EncodeFailure> {
  const { message } = delivery;
  if (route.transform !== null)
    return encodeTransformed({ ...route, transform: null }, route.transform, delivery, sending, secrets);
  const outgoing: OutgoingDelivery = {
    topicOwner: route.topicOwner,
    topic: route.topic,
    subscription: route.subscription,
    messageId: messageId(message.topicId, message.seq),
    requestId: route.protocol.fixedHead === undefined ? sending.requestId : markedRequestId(sending.requestId, message),
    attempt: delivery.attemptsMade + 1,
    publishedAtMs: message.publishedAtMs,
    sentAtMs: sending.sentAtMs,
    body: message.body,
    contentType: message.contentType,
    tags: message.tags,
    type: message.type,
    orderingKey: message.orderingKey,
    attributes: message.attributes,
  };
  if (route.push.keys.length > 0 || route.secretOwner !== null)
    return encodeWithSecrets(route, message, outgoing, secrets);
  try {
    const encoded = route.protocol.encode(outgoing, noKeys);
    return encoded instanceof Promise
      ? finishEncoding(route, message, encoded, noHeaders)
      : withHeaders(route, message, encoded, noHeaders);
  } catch (error) {
    return unencodable(error);
  }
}

/** Makes the request of the transformed message, with the URL and the headers that the transformation adds. */
function encodeTransformed(
  route: Route,
  transform: Transformation,
  delivery: ClaimedDelivery,
  sending: Parameters<typeof encode>[2],
  secrets: Secrets,
): ReturnType<typeof encode> {
  const { message } = delivery;
  let transformed: Transformed;
  try {
    transformed = transform(message);
  } catch (error) {
    if (error instanceof ExpressionError) return { failure: "transform_failed", detail: error.message };
    throw error;
  }
  const { body, isJson, headers, url } = transformed;
  const path = url === null ? {} : { path: parseTarget(url).path };
  const contentType = isJson && !isJsonType(message.contentType) ? "application/json" : message.contentType;
  // The request of an inbox's message may say how the body was compressed, which the new body is not.
  const changed = body === null ? message : { ...message, body, contentType, request: null };
  const added = (prepared: PreparedRequest | EncodeFailure): PreparedRequest | EncodeFailure =>
    "failure" in prepared ? prepared : { ...prepared, ...path, headers: [...prepared.headers, ...headers] };
  const prepared = encode(route, { ...delivery, message: changed }, sending, secrets);
  return prepared instanceof Promise ? prepared.then(added) : added(prepared);
}

function isJsonType(contentType: string | null): boolean {
  return contentType !== null && /^application\/(?:[\w.+-]+\+)?json\b/i.test(contentType);
}

const noKeys: readonly ProtocolKey[] = [];
const noHeaders: readonly string[] = [];
const noAccess: OpenedAccess = { headers: noHeaders, oauth2: null, tls: undefined };

async function encodeWithSecrets(
  route: Route,
  message: Message,
  outgoing: OutgoingDelivery,
  { keyRingOf, endpointSecrets }: Secrets,
): Promise<PreparedRequest | EncodeFailure> {
  const { push, secretOwner } = route;
  const { keyFault, signingKeysMax } = route.protocol;
  const newest: ProtocolKey[] = [];
  const replaced: ProtocolKey[] = [];
  const faults: string[] = [];
  for (const kid of push.keys) {
    const found = await keyRingOf(route.accountId).findAll(kid);
    // A key that the dialect cannot use is treated like a missing key. The other keys are enough for a receiver that
    // has them.
    const [first, ...others] = found.filter(({ jwk }) => (keyFault?.(jwk) ?? null) === null);
    if (first !== undefined) newest.push(first);
    else faults.push(`key "${kid}": ${faultOf(found, keyFault)}`);
    replaced.push(...others);
  }
  const keys = [...newest, ...replaced].slice(0, signingKeysMax);
  const access = secretOwner === null ? noAccess : await endpointSecrets.open(secretOwner, push);
  if (access === null) faults.push("push: no configured master key decrypts a secret of the endpoint");
  // The operator can add a key or a master key, and the message itself is valid.
  if ((keys.length === 0 && push.keys.length > 0) || access === null) {
    return { failure: "key_unavailable", detail: faults.join("; ") };
  }
  const encoding = (async () => route.protocol.encode(outgoing, keys))();
  const encoded = await finishEncoding(route, message, encoding, access.headers);
  return "failure" in encoded || (access.oauth2 === null && access.tls === undefined)
    ? encoded
    : { ...encoded, access };
}

function faultOf([key]: readonly ProtocolKey[], keyFault: PushProtocol["keyFault"]): string {
  return (key && keyFault?.(key.jwk)) ?? "does not exist or cannot be decrypted";
}

async function finishEncoding(
  route: Route,
  message: Message,
  encoding: Promise<EncodedRequest>,
  ownHeaders: readonly string[],
): Promise<EncodedRequest | EncodeFailure> {
  try {
    return withHeaders(route, message, await encoding, ownHeaders);
  } catch (error) {
    return unencodable(error);
  }
}

function withHeaders(
  { protocol }: Route,
  { body, request, hops, trace }: Message,
  encoded: EncodedRequest,
  ownHeaders: readonly string[],
): EncodedRequest {
  // An inbox keeps compressed bodies. A dialect that sends the body as it is must say how it is compressed.
  const coding = request !== null && encoded.body === body ? contentEncodingOf(request) : null;
  const codings = coding === null ? [] : ["content-encoding", coding];
  const own = protocol.fixedHead !== undefined ? [] : [hopsHeader, String(hops + 1), ...traceHeaders(trace)];
  return {
    headers: [...encoded.headers, ...own, ...codings, ...ownHeaders],
    body: encoded.body,
    query: encoded.query,
  };
}

function unencodable(error: unknown): EncodeFailure {
  if (error instanceof UnencodableError) return { failure: "unencodable", detail: error.message };
  throw error;
}

/** The verdict on an attempt. */
export interface Judgement {
  readonly verdict: "accepted" | "failed" | "error";
  readonly errorCode: string | null;
  /** The exact cause of the failure, in words. */
  readonly errorDetail: string | null;
  /** True: the endpoint replied that it will never accept another message. */
  readonly gone: boolean;
  /** The wait that the endpoint requested. */
  readonly retryAfter: RetryAfter | null;
  /** True: the reply was so long that its connection was closed, which makes every POST expensive. */
  readonly isTooLong: boolean;
}

const none = { errorCode: null, errorDetail: null, gone: false, retryAfter: null, isTooLong: false } as const;
const accepted: Judgement = { ...none, verdict: "accepted" };
const acceptedAtLength: Judgement = { ...accepted, isTooLong: true };
const loop: Judgement = {
  ...none,
  verdict: "failed",
  errorCode: "loop_detected",
  errorDetail: errorTable.loop_detected.title,
};
const gone: Judgement = { ...none, verdict: "failed", errorCode: "gone", gone: true };

/** The judgement on an attempt without a POST. */
export function judgeUnsent({ failure, detail }: EncodeFailure): Judgement {
  return { ...none, verdict: "error", errorCode: failure, errorDetail: detail };
}

export function judge(route: Route, result: PostResult): Judgement {
  const { error, errorDetail = null } = result;
  if (error !== null) return { ...none, verdict: "error", errorCode: error, errorDetail };
  // TCP and WebSocket endpoints do not reply: a message that was sent counts as accepted.
  if (result.status === 0) return accepted;
  const verdict = route.protocol.interpret({ status: result.status, headers: result.headers, body: result.body });
  if (verdict.kind === "accepted") return result.isTooLong === true ? acceptedAtLength : accepted;
  if (verdict.kind === "gone") return gone;
  if (isLoopReply(result)) return loop;
  const { code, detail, retryAfter } = verdict;
  return { ...none, verdict: "failed", errorCode: code, errorDetail: detail ?? errorDetail, retryAfter };
}
