import type { FastifyInstance, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { limits } from "../domain/limits.ts";
import { isContentType } from "../domain/message-rules.ts";
import { assertName } from "../domain/names.ts";
import type { TakenMessage } from "../engine/inboxes/inboxes.ts";
import type { ApiContext } from "./dependencies.ts";
import { onResponseSent } from "../http/response-sent.ts";
import { noInbox } from "./inboxes.ts";
import type { InboxPath } from "./inboxes.ts";
import { bodyBytes, parseJson } from "../http/json-body.ts";
import { queryReader } from "../shapes/query.ts";
import { bodyErrors, inboxParams, problemResponses, writeErrors } from "../shapes/schema-parts.ts";
import { onSocketClose } from "../http/socket-close.ts";

const tags = ["inboxes"];
const takeQuery = Type.Object(
  {
    waitMs: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: limits.inboxWaitMsMax,
        default: 0,
        description: "How long to wait for a message when there is none, in milliseconds.",
      }),
    ),
  },
  { additionalProperties: false },
);
const idHeader = { "ringback-message-id": { type: "string", description: "The message's id." } };
const success = Type.Object({ response: Type.Enum(["success"]) }, { additionalProperties: false });

/** What stands there was sent by a stranger: a browser must neither run it nor guess what it is. */
const asStranger = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; sandbox",
  "x-content-type-options": "nosniff",
};

/** What goes in and out of inboxes, in a scope of its own: bodies of any kind, up to the size of a message. */
export function inboxGateRoutes(app: FastifyInstance, { inboxes }: ApiContext): void {
  const readTakeQuery = queryReader(takeQuery);
  const contentTypes = new WeakMap<FastifyRequest, string>();
  app.addHook("onRequest", (request, _reply, done) => {
    // Out of fastify's sight, which refuses whatever is no media type: a sender may call its body what it likes. What
    // could not be handed on is not worth the message.
    const { "content-type": contentType } = request.raw.headers;
    if (contentType !== undefined && isContentType(contentType)) contentTypes.set(request, contentType);
    delete request.raw.headers["content-type"];
    done();
  });

  app.post<{ Params: InboxPath }>(
    "/in/:inbox",
    {
      schema: {
        tags,
        operationId: "keepInInbox",
        summary: "Send a message to an inbox",
        description:
          "The body's bytes are kept as they came, together with their content type, media type or not, unless it has more than " +
          `${limits.contentTypeCharsMax} characters or others than printable ASCII. A query is not kept. ` +
          "An inbox that keeps only while it is polled answers the same when it has dropped the message.",
        params: inboxParams,
        body: { content: { "*/*": { schema: { contentMediaType: "*/*" } } } },
        response: {
          200: { ...success, description: "The message is kept, or nobody wants it.", headers: idHeader },
          ...problemResponses(
            "invalid_name",
            "inbox_not_found",
            "topic_not_found",
            "invalid_type",
            "malformed_json",
            "body_too_large",
            "inbox_full",
            ...bodyErrors,
            ...writeErrors,
          ),
        },
      },
    },
    async (request, reply) => {
      const { inbox: name } = request.params;
      assertName("inbox", name);
      const inbox = await inboxes.get(name);
      if (inbox === null) throw noInbox(name);
      const body = bodyBytes(request);
      if (inbox.accept === "json") parseJson(body);
      const { id } = await inboxes.keep(name, { body, contentType: contentTypes.get(request) ?? null });
      if (id !== null) reply.header("ringback-message-id", id);
      return { response: "success" };
    },
  );

  app.get<{ Params: InboxPath }>(
    "/in/:inbox",
    {
      // A HEAD would take a message and show it to nobody.
      exposeHeadRoute: false,
      schema: {
        tags,
        operationId: "takeFromInbox",
        summary: "Take the oldest message",
        description:
          "The message's own bytes and content type; or an empty body, without `ringback-message-id`, when there is none. " +
          "It is gone from the inbox as soon as the answer is out; a client that leaves before leaves it for the next one.",
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
      },
    },
    async (request, reply) => {
      const { waitMs = 0 } = readTakeQuery(request);
      const { inbox: name } = request.params;
      assertName("inbox", name);
      const { socket } = request.raw;
      const gone = new AbortController();
      const forget = onSocketClose(socket, () => gone.abort());
      const taken = await inboxes.take(name, { waitMs, gone: gone.signal }).finally(forget);
      if (taken === null) return reply.headers(asStranger).send();
      try {
        reply.raw.writeHead(200, headersOf(taken));
      } catch (error) {
        taken.done(false);
        throw error;
      }
      // Not by fastify, which would give a body another content type where it takes its own for none.
      reply.hijack();
      onResponseSent(reply.raw, socket, limits.inboxAnswerMsMax, taken.done);
      reply.raw.end(taken.message.body);
      return reply;
    },
  );
}

function headersOf({ id, message: { contentType, body } }: TakenMessage): Record<string, string | number> {
  return {
    ...asStranger,
    "content-type": contentType ?? "application/octet-stream",
    "content-length": body.length,
    "ringback-message-id": id,
  };
}
