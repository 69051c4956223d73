import type { Socket } from "node:net";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { isContentType } from "../domain/message-rules.ts";
import { assertName } from "../domain/names.ts";
import {
  receivedHeaderPrefix,
  receivedHeaders,
  receivedQueryHeader,
  receivedRequest,
} from "../domain/received-request.ts";
import type { Inboxes } from "../engine/inboxes/account-inboxes.ts";
import { hopsOf } from "../engine/loops.ts";
import type { LeasedMessage } from "../engine/pull/leased-delivery.ts";
import { onResponseSent } from "../http/response-sent.ts";
import { accountIdOf } from "./access-gate.ts";
import type { ApiParts } from "./api-parts.ts";
import { noInbox, type InboxPath } from "./inboxes.ts";
import { assertJson, bodyBytes } from "../http/json-body.ts";
import type { Store } from "../store/store.ts";
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
} from "../shapes/schema-parts.ts";
import { whileConnected } from "../http/socket-close.ts";

const takeQuery = closedObject({
  waitMs: about(
    "How long to wait for a message when there is none, in milliseconds.",
    Type.Optional(whole(0, limits.inboxWaitMsMax, { default: 0 })),
  ),
});
const idHeader = { "ringback-message-id": { type: "string", description: "The message's id." } };
const success = closedObject({ response: Type.Enum(["success"]) });

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
    "An inbox that keeps messages only while it is polled gives the same answer when it drops the message.",
  params: inboxParams,
  body: { content: { "*/*": { schema: { contentMediaType: "*/*" } } } },
  response: {
    200: { ...success, description: "The message was kept, or dropped because nobody polls.", headers: idHeader },
    ...problemResponses(
      "invalid_name",
      "inbox_not_found",
      "topic_not_found",
      "invalid_type",
      "malformed_json",
      "body_too_large",
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
export function inboxGateRoutes(app: FastifyInstance, { servicesOf, store }: ApiParts): void {
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
  const inboxesOf = (request: FastifyRequest) => servicesOf(accountIdOf(request)).inboxes;
  keepRoute(app, inboxesOf, store);
  takeRoute(app, inboxesOf);
}

type InboxesOf = (request: FastifyRequest) => Inboxes;

function keepRoute(app: FastifyInstance, inboxesOf: InboxesOf, store: Store): void {
  const options = { schema: keepSchema, config: { access: "publish" } } as const;
  app.post<{ Params: InboxPath }>("/in/:inbox", options, async (request, reply) => {
    const inboxes = inboxesOf(request);
    const { inbox: name } = request.params;
    assertName("inbox", name);
    const inbox = await inboxes.get(name);
    if (inbox === null) throw noInbox(request.params);
    const body = bodyBytes(request);
    const { type = null, encoding = null } = headersAsSent.get(request) ?? {};
    if (inbox.accept === "json") {
      if (encoding !== null && encoding !== "identity") {
        const fault = "must be absent: this inbox accepts only JSON that is not compressed";
        throw RingbackError.at("unsupported_media_type", "Content-Encoding", fault);
      }
      await assertJson(body);
    }
    const received = receivedRequest(request.raw.rawHeaders, request.raw.url ?? "");
    const hops = await hopsOf(store, request.headers);
    const { id } = await inboxes.keep(name, { body, contentType: type, request: received, hops });
    if (id !== null) reply.header("ringback-message-id", id);
    return { response: "success" };
  });
}

function takeRoute(app: FastifyInstance, inboxesOf: InboxesOf): void {
  const readTakeQuery = queryReader(takeQuery);
  // A HEAD request would take a message without showing its body to the client.
  const options = { exposeHeadRoute: false, schema: takeSchema, config: { access: "consume" } } as const;
  app.get<{ Params: InboxPath }>("/in/:inbox", options, async (request, reply) => {
    const { waitMs = 0 } = readTakeQuery(request);
    const { inbox: name } = request.params;
    assertName("inbox", name);
    const { socket } = request.raw;
    const message = await whileConnected(socket, (gone) => inboxesOf(request).take(name, { waitMs, gone }));
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
