import type { Receiver } from "../receiver.ts";
import { exchange, type NodeRequest, type NodeResponse } from "./node-message.ts";

/** The members of a Fastify instance that are used. Versions 4 and 5 have them. */
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
 * Returns a plugin for Fastify: `app.register(toFastifyPlugin(receiver), { prefix: "/callbacks" })` receives requests
 * at that path and below it.
 *
 * The plugin answers before Fastify reads the body. So the receiver gets the sender's bytes for every content type, and
 * the application's parsers and `bodyLimit` do not apply. The application's `onRequest` hooks run before the plugin.
 * Later hooks (`preParsing`, `preHandler`, `onSend`) do not run for these requests.
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

/** Every route needs a handler; the `onRequest` hook has already answered. */
async function unreached(): Promise<void> {}
