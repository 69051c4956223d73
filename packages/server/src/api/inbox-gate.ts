import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { isContentType } from "../domain/message-rules.ts";
import { assertName } from "../domain/names.ts";
import {
  receivedHeaderPrefix,
  queryOf,
  receivedHeaders,
  receivedQueryHeader,
  receivedRequest,
} from "../domain/received-request.ts";
import { traceOfHeaders } from "../domain/trace-context.ts";
import { isReceiveToken } from "../domain/inbox-rules.ts";
import { assertMay, assertTopicGranted, type Caller } from "../engine/access/access.ts";
import { accountOfToken } from "../engine/inboxes/receive-paths.ts";
import { signatureInvalid } from "../engine/inboxes/inbox-verifier.ts";
import type { InboxDetails } from "../engine/inboxes/inboxes.ts";
import type { Inboxes } from "../engine/inboxes/account-inboxes.ts";
import { hopsOf } from "../engine/loops.ts";
import type { LeasedMessage } from "../engine/pull/leased-delivery.ts";
import { onResponseSent } from "../http/response-sent.ts";
import { clientAddressOf } from "../http/trusted-proxies.ts";
import { accountIdOf, callerIfKnown, callerOf } from "./access-gate.ts";
import type { ApiParts } from "./api-parts.ts";
import { noInbox, type InboxPath } from "./inboxes.ts";
import { assertJson, bodyBytes } from "../http/json-body.ts";
import { queryReader } from "../shapes/query.ts";
import {
  about,
  bodyErrors,
  closedObject,
  inboxParams,
  operation,
  problemResponses,
  whole,
  writeErrors,
  namedShape,
} from "../shapes/schema-parts.ts";
import { whileConnected } from "../http/socket-close.ts";

const takeQuery = closedObject({
  waitMs: about(
    "How long to wait for a message when there is none, in milliseconds.",
    Type.Optional(whole(0, limits.inboxWaitMsMax, { default: 0 })),
  ),
});
const idHeader = { "ringback-message-id": { type: "string", description: "The message's id." } };
const success = namedShape("InboxAnswer", { response: Type.Enum(["success"]) });

/** The body comes from an unknown sender, so a browser must neither run it nor guess its type. */
const untrustedBody = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; sandbox",
  "x-content-type-options": "nosniff",
};

const keepSchema = {
  ...operation("inboxes", "keepInInbox", "Send a message to an inbox"),
  description:
    "The body is kept byte for byte, together with its content type. A content type need not be a media type, but one that has " +
    `more than ${limits.contentTypeCharsMax} characters, or others than printable ASCII, is not kept. A compressed body is kept as it is, with its ` +
    `Content-Encoding. Headers and query are kept too: at most ${limits.inboxHeadersMax} headers with together ` +
    `${limits.inboxHeaderBytesMax} bytes, and a query of at most ${limits.inboxQueryBytesMax} bytes. Headers that describe ` +
    "the connection, and Authorization and Cookie, are left out. " +
    "An inbox with `verify` keeps only requests that it can verify. The path may also be the `receivePath` of the inbox, " +
    "which needs no API key. A request by the inbox's name needs an API key with the role `publish`, unless the inbox " +
    "verifies requests or the server is open. An inbox that keeps messages only while it is polled " +
    "gives the same answer when it drops the message.",
  params: inboxParams,
  security: [{ apiKey: [] }, {}],
  body: { content: { "*/*": { schema: { contentMediaType: "*/*" } } } },
  response: {
    200: { ...success, description: "The message was kept, or dropped because nobody polls.", headers: idHeader },
    ...problemResponses(
      "invalid_name",
      "signature_invalid",
      "invalid_api_key",
      "too_many_failures",
      "forbidden",
      "account_not_found",
      "key_unavailable",
      "inbox_not_found",
      "topic_not_found",
      "invalid_type",
      "malformed_json",
      "body_too_large",
      "unlisted_type",
      "invalid_body",
      "inbox_full",
      "loop_detected",
      "account_rate_limit",
      "account_storage_limit",
      "topic_used_up",
      ...bodyErrors,
      ...writeErrors,
    ),
  },
};

const takeSchema = {
  ...operation("inboxes", "takeFromInbox", "Take the oldest message"),
  description:
    "The message's own bytes, content type and content encoding. Each header of the request that brought the message has " +
    `the name \`${receivedHeaderPrefix}…\`, such as \`${receivedHeaderPrefix}x-hub-signature-256\`, and the query is in \`${receivedQueryHeader}\`. ` +
    "So the receiver can verify the sender's signature. Without a message the body is empty and `ringback-message-id` is missing. " +
    "The message is removed from the inbox as soon as the server's operating system has taken the whole answer to send it. " +
    "If the client disconnects before that, the next client gets the message.",
  params: inboxParams,
  querystring: takeQuery,
  response: {
    200: {
      description: "The message, or nothing.",
      headers: idHeader,
      content: { "*/*": { schema: { contentMediaType: "*/*" } } },
    },
    ...problemResponses("invalid_name", "inbox_not_found", "topic_not_found", "too_many_waiters", ...writeErrors),
  },
};

/** The content type and the content encoding of the running requests, as the clients have sent them. */
const headersAsSent = new WeakMap<FastifyRequest, { readonly type: string | null; readonly encoding: string | null }>();

/**
 * Routes that put messages into inboxes and take messages out. They have a Fastify scope of their own, because bodies
 * of every content type are allowed, up to the size of a message.
 */
export function inboxGateRoutes(app: FastifyInstance, parts: ApiParts): void {
  app.addHook("onRequest", (request, _reply, done) => {
    // Fastify refuses a content type that is not a media type, and other routes refuse compressed bodies, but an inbox
    // accepts any. So the headers are removed first. A content type that could not be sent as a header later is
    // dropped, and the message is still accepted.
    const { "content-type": type = "", "content-encoding": encoding = null } = request.raw.headers;
    headersAsSent.set(request, { type: isContentType(type) ? type : null, encoding });
    delete request.raw.headers["content-type"];
    delete request.raw.headers["content-encoding"];
    done();
  });
  keepRoute(app, parts);
  takeRoute(app, parts);
}

function keepRoute(app: FastifyInstance, parts: ApiParts): void {
  // The route itself finds out who may send to the inbox.
  const options = { schema: keepSchema, config: { access: "public" } } as const;
  app.post<{ Params: InboxPath }>("/in/:inbox", options, async (request, reply) => {
    const body = bodyBytes(request);
    const target = request.raw.url ?? "";
    const check = async () => {
      const { inboxes, inbox } = await receivingInbox(parts, request);
      await inboxes.verify(inbox, { headers: sentHeaders(request.raw), query: queryOf(target), body });
      return { inboxes, inbox };
    };
    const isWrong = (error: unknown) => isWrongSecret(error, request.params.inbox);
    const { inboxes, inbox } = await parts.access.checked(clientAddressOf(request), check, isWrong);
    const { type = null, encoding = null } = headersAsSent.get(request) ?? {};
    if (inbox.accept === "json") {
      if (encoding !== null && encoding !== "identity") {
        const fault = "must be absent: this inbox accepts only JSON that is not compressed";
        throw RingbackError.at("unsupported_media_type", "Content-Encoding", fault);
      }
      await assertJson(body);
    }
    const received = receivedRequest(request.raw.rawHeaders, target, inbox.verify);
    const hops = await hopsOf(parts.store, request.headers);
    const trace = traceOfHeaders(request.headers);
    const { id } = await inboxes.keep(inbox.name, { body, contentType: type, request: received, hops, trace });
    if (id !== null) reply.header("ringback-message-id", id);
    return { response: "success" };
  });
}

interface ReceivingInbox {
  readonly inboxes: Inboxes;
  readonly inbox: InboxDetails;
}

/** True for a wrong signature, a wrong token in the headers, and a wrong token in the path. */
function isWrongSecret(error: unknown, addressed: string): boolean {
  if (!(error instanceof RingbackError)) return false;
  return error.code === "signature_invalid" || (error.code === "inbox_not_found" && isReceiveToken(addressed));
}

/**
 * Finds the inbox to which a request is sent, and checks that its sender may send. Throws `signature_invalid`,
 * `forbidden`, `invalid_api_key`, `invalid_name` and `inbox_not_found`.
 */
async function receivingInbox(
  parts: ApiParts,
  request: FastifyRequest<{ Params: InboxPath }>,
): Promise<ReceivingInbox> {
  const { accounts, servicesOf, store } = parts;
  const { inbox: addressed } = request.params;
  if (isReceiveToken(addressed)) {
    const accountId = (await accountOfToken(store, addressed)) ?? accounts.default.id;
    const { inboxes } = servicesOf(accountId);
    const inbox = accounts.has(accountId) ? await inboxes.findByToken(addressed) : null;
    if (inbox === null) throw noInbox(request.params);
    return { inboxes, inbox };
  }
  assertName("inbox", addressed);
  const caller = await callerIfKnown(parts.access, request);
  const { inboxes } = servicesOf(caller?.account.id ?? accounts.default.id);
  const inbox = await inboxes.get(addressed);
  assertMaySend(caller, inbox);
  if (inbox === null) throw noInbox(request.params);
  return { inboxes, inbox };
}

/**
 * The rule who may send to an inbox by its name: a caller with the right to publish, and anybody if the inbox verifies
 * requests. The error for others is the one for a wrong signature, so that they do not find out which inboxes exist.
 * Throws `signature_invalid` and `forbidden`.
 */
function assertMaySend(caller: Caller | null, inbox: InboxDetails | null): void {
  if (inbox !== null && inbox.verify !== null) return;
  if (caller === null) throw signatureInvalid();
  assertMay(caller, "publish");
  assertTopicGranted(caller, inbox === null ? null : inbox.topic);
}

function sentHeaders({ headers }: IncomingMessage): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value]),
  );
}

function takeRoute(app: FastifyInstance, { servicesOf, access }: ApiParts): void {
  const readTakeQuery = queryReader(takeQuery);
  // A HEAD request would take a message without showing its body to the client.
  const options = { exposeHeadRoute: false, schema: takeSchema, config: { access: "consume", waits: true } } as const;
  app.get<{ Params: InboxPath }>("/in/:inbox", options, async (request, reply) => {
    const { waitMs = 0 } = readTakeQuery(request);
    const { inbox: addressed } = request.params;
    const { inboxes } = servicesOf(accountIdOf(request));
    if (!isReceiveToken(addressed)) assertName("inbox", addressed);
    const inbox = await (isReceiveToken(addressed) ? inboxes.findByToken(addressed) : inboxes.get(addressed));
    if (inbox === null) throw noInbox(request.params);
    const { socket } = request.raw;
    const message = await whileConnected(
      socket,
      (gone) => inboxes.take(inbox.name, { waitMs, gone }),
      waitMs === 0 ? undefined : (ended) => access.keyWatch.whenInvalid(callerOf(request), ended),
    );
    if (message === null) return reply.headers(untrustedBody).send();
    sendMessage(reply, socket, message);
    return reply;
  });
}

/** Sends the response without Fastify, because Fastify replaces some content types that a message can have. */
function sendMessage(reply: FastifyReply, socket: Socket, { id, message, done }: LeasedMessage): void {
  try {
    const own = {
      ...untrustedBody,
      "content-type": message.contentType ?? "application/octet-stream",
      "content-length": String(message.body.length),
      "ringback-message-id": id,
    };
    // A list instead of an object keeps repeated headers and their order.
    reply.raw.writeHead(200, [...Object.entries(own).flat(), ...receivedHeaders(message.request)]);
  } catch (error) {
    done(false);
    throw error;
  }
  reply.hijack();
  onResponseSent(reply.raw, socket, limits.inboxAnswerMsMax, done);
  reply.raw.end(message.body);
}
