import type { Receiver } from "../receiver.ts";
import type { NodeRequest, NodeResponse } from "./node-message.ts";
import { exchange } from "./node-message.ts";

/** What is used of a Fastify instance, version 4 or 5. */
export interface FastifyScope {
  addHook(name: "onRequest", hook: (request: FastifyRequestParts, reply: FastifyReplyParts) => Promise<void>): unknown;
  all(path: string, handler: (request: FastifyRequestParts, reply: FastifyReplyParts) => Promise<void>): unknown;
}

export interface FastifyRequestParts {
  readonly raw: NodeRequest;
}

export interface FastifyReplyParts {
  readonly raw: NodeResponse;
  hijack(): unknown;
}

/**
 * A plugin for Fastify: `app.register(toFastifyPlugin(receiver), { prefix: "/callbacks" })` receives at that path and at
 * everything below it.
 *
 * It answers before Fastify looks at the body, so that the bytes are the sender's whatever content type they have, and
 * neither the application's parsers nor its `bodyLimit` are touched. The application's `onRequest` hooks run first; the
 * later ones (`preParsing`, `preHandler`, `onSend`) do not run for these requests.
 */
export function toFastifyPlugin(receiver: Receiver): (scope: FastifyScope) => Promise<void> {
  // oxlint-disable-next-line typescript/require-await -- Fastify takes a plugin without a callback only if it is async
  return async (scope) => {
    scope.addHook("onRequest", async (request, reply) => {
      reply.hijack();
      await exchange(receiver, request.raw, reply.raw);
    });
    for (const path of ["/", "/*"]) scope.all(path, unreached);
  };
}

/** A route needs a handler; the hook has answered before. */
async function unreached(): Promise<void> {}
