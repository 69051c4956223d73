import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { takeBodiesAsBytes } from "../../http/body-bytes.ts";
import { httpLimitDefaults } from "../../http/http-limits.ts";
import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { Clock } from "../../domain/ports.ts";
import type { EventBus } from "../../engine/event-bus.ts";
import type { ApiKeys } from "../../engine/keys/api-keys.ts";
import type { Publisher } from "../../engine/publisher.ts";
import type { Queues } from "../../engine/queues/queues.ts";
import type { Store } from "../../store/store.ts";
import { Mutex } from "../../domain/mutex.ts";
import { findAction } from "./actions.ts";
import { clientRequestIdOf, failure, success } from "./answer.ts";
import { FilterCache } from "./filter-cache.ts";
import { Authentication } from "./authentication.ts";
import { type ActionContext, SocketCall } from "./call.ts";
import { CmqError, cmqErrorOf } from "./errors.ts";
import { bySignedNames } from "./form.ts";
import { requestIds } from "./ids.ts";
import { Parameters } from "./parameters.ts";
import { formType, signedRequestOf } from "./request.ts";
import { addTc3Route } from "./tc3-api.ts";

export interface CmqDependencies {
  readonly store: Store;
  readonly publisher: Publisher;
  readonly queues: Queues;
  readonly apiKeys: Pick<ApiKeys, "secretOf">;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly log: Logger;
  /** Unguessable, from the operating system. */
  readonly randomBytes: (count: number) => Uint8Array;
  readonly timestampWindowMs: number;
  readonly refuseReplays: boolean;
}

/** `/v2/index.php` of CMQ's API 2.0, and `POST /` of the newer one: programs written for the cloud's queues and topics call here. */
export async function addCmqApi(app: FastifyInstance, given: CmqDependencies): Promise<void> {
  const { store, publisher, queues, events, clock, log } = given;
  const context: ActionContext = {
    store,
    account: store.catalog.defaultAccount(),
    publisher,
    queues,
    events,
    clock,
    audiences: new FilterCache(store),
    creationMutex: new Mutex(limits.cmqMakingMax),
  };
  const authentication = new Authentication(given);
  const nextRequestId = requestIds(given.randomBytes);

  await app.register((scope, _options, done) => {
    takeBodiesAsBytes(scope, limits.cmqRequestBytesMax, { held: 0 }, httpLimitDefaults);
    // Out of fastify's sight, which refuses whatever is no media type; `request.ts` reads it from the raw request.
    scope.addHook("onRequest", (request, _reply, next) => {
      if (request.raw.method !== "GET" && request.headers["content-type"] !== formType) {
        request.headers = { ...request.headers, "content-type": formType };
      }
      next();
    });
    scope.setErrorHandler((error, _request, reply) => {
      send(reply, failure({ requestId: nextRequestId(), clientRequestId: null }, errorOf(error, null)));
    });
    scope.route({
      method: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
      url: "/v2/index.php",
      exposeHeadRoute: false,
      schema: { hide: true },
      handler: answer,
    });
    done();
  });
  await addTc3Route(app, { context, authentication, nextRequestId, errorOf });

  async function answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const requestId = nextRequestId();
    let clientRequestId: string | null = null;
    let action: string | null = null;
    try {
      const signed = signedRequestOf(request);
      const parameters = new Parameters(bySignedNames(signed.form));
      clientRequestId = clientRequestIdOf(parameters.text("clientRequestId"));
      await authentication.check(signed, parameters);
      action = parameters.required("Action");
      const run = findAction(action);
      if (run === null) throw new CmqError("unknownAction");
      const call = new SocketCall(parameters, request.raw.socket);
      try {
        return send(reply, success({ requestId, clientRequestId }, await run(context, call)));
      } finally {
        call.end();
      }
    } catch (error) {
      return send(reply, failure({ requestId, clientRequestId }, errorOf(error, action)));
    }
  }

  function errorOf(error: unknown, action: string | null): CmqError {
    if (error instanceof CmqError) return error;
    if (error instanceof RingbackError) return cmqErrorOf(error);
    // The client went away in the middle of its body: nobody reads this, and whoever likes could fill the log with it.
    if (error instanceof Error && "code" in error && error.code === "ECONNRESET") return new CmqError("unreadable");
    // Without the request, which is signed and may be sent again.
    log.error({ err: error, action }, "a CMQ request failed unexpectedly");
    return new CmqError("internal");
  }
}

/** 200 in any case: CMQ's clients take every other status for a failure of the network. */
function send(reply: FastifyReply, json: string): FastifyReply {
  return reply.code(200).header("content-type", "application/json; charset=utf-8").send(json);
}
