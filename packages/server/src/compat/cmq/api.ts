import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { RingbackError } from "../../domain/errors.ts";
import type { ServicesOf } from "../../engine/account-services.ts";
import type { Audit } from "../../engine/audit/audit.ts";
import type { RequestFailed } from "../../http/error-handler.ts";
import { noteAction, noteError } from "../../http/answered-request.ts";
import { renameRequest, requestIdOf } from "../../http/request-id.ts";
import { clientAddressOf } from "../../http/trusted-proxies.ts";
import { addForeignRoutes } from "../foreign-routes.ts";
import { findAction } from "./actions.ts";
import { clientRequestIdOf, failure, success } from "./answer.ts";
import { FilterCache } from "./filter-cache.ts";
import { Authentication, type AuthenticationOptions } from "./authentication.ts";
import { type ActionContext, createContextOf } from "./call.ts";
import { CmqError, cmqErrorOf } from "./errors.ts";
import { bySignedNames } from "./form.ts";
import { requestIds } from "./ids.ts";
import { Parameters } from "./parameters.ts";
import { allMethods, formType, signedRequestOf } from "./request.ts";
import { type SignedRequest } from "./signature.ts";
import { actionNote, addRootRoute, type RootPage, type ErrorOf } from "./root-api.ts";
import { runAction } from "./run-action.ts";
import { cmqLimits } from "./cmq-limits.ts";

/** The services of the actions that other parts of the server provide. */
type ServerParts = Omit<ActionContext, "caller" | "account" | "queues" | "filterCache" | "catalogMutex">;

export interface CmqDependencies extends ServerParts, AuthenticationOptions {
  readonly servicesOf: ServicesOf;
  readonly audit: Audit;
  readonly failed: RequestFailed;
  /** Cryptographically secure random bytes. */
  readonly randomBytes: (count: number) => Uint8Array;
  /** Default: `/` has no page for people. */
  readonly page?: RootPage;
}

/**
 * Adds `/v2/index.php` of CMQ's API 2.0 and `/` of its newer API, for programs written for CMQ's topics and queues.
 */
export async function addCmqApi(app: FastifyInstance, given: CmqDependencies): Promise<void> {
  const { store, failed } = given;
  const contextOf = createContextOf({ ...given, filterCache: new FilterCache(store) }, given.servicesOf);
  const authentication = new Authentication(given);
  const nextRequestId = requestIds(given.randomBytes);
  const errorOf = errorMapper(failed);

  await addForeignRoutes(app, {
    requestBytesMax: cmqLimits.requestBytesMax,
    contentType: formType,
    refuse: refuseApi2,
    addRoutes: (scope) =>
      scope.route({
        method: [...allMethods],
        url: "/v2/index.php",
        exposeHeadRoute: false,
        schema: { hide: true },
        config: { access: "public", waits: true },
        handler: (request, reply) => answerApi2(request, reply),
      }),
  });
  const { audit, page = null } = given;
  await addRootRoute(app, { page, contextOf, audit, authentication, errorOf, answerApi2, refuseApi2 });

  async function answerApi2(
    request: FastifyRequest,
    reply: FastifyReply,
    alreadyRead?: SignedRequest,
  ): Promise<FastifyReply> {
    const requestId = nameRequest(request, reply);
    let clientRequestId: string | null = null;
    let action: string | null = null;
    try {
      const signed = alreadyRead ?? signedRequestOf(request);
      const parameters = new Parameters(bySignedNames(signed.form));
      clientRequestId = clientRequestIdOf(parameters.text("clientRequestId"));
      const caller = await authentication.check(signed, parameters, clientAddressOf(request));
      action = parameters.required("Action");
      const run = findAction(action);
      if (run === null) throw new CmqError("unknownAction");
      noteAction(request.raw, actionNote(action, caller));
      const context = contextOf(caller, action, parameters);
      const members = await runAction(context, given.audit, request, { action, run, caller, parameters });
      return send(reply, success({ requestId, clientRequestId }, members));
    } catch (error) {
      return send(reply, failure({ requestId, clientRequestId }, errorOf(error, action, request)));
    }
  }

  function refuseApi2(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const requestId = nameRequest(request, reply);
    send(reply, failure({ requestId, clientRequestId: null }, errorOf(error, null, request)));
  }

  /** The ids of this API are numbers. So the request gets such an id, unless its client has chosen one. */
  function nameRequest(request: FastifyRequest, reply: FastifyReply): string {
    const given = requestIdOf(request.raw);
    if (/^\d{1,20}$/.test(given)) return given;
    const requestId = nextRequestId();
    renameRequest(request, reply, requestId);
    return requestId;
  }
}

/** Returns a function that maps any error to an error of this API. Unexpected errors are logged. */
function errorMapper(failed: RequestFailed): ErrorOf {
  return (error, action, { raw }) => {
    noteError(raw, error);
    if (error instanceof CmqError) return error;
    if (error instanceof RingbackError) return cmqErrorOf(error);
    // The client disconnected while sending its body. Clients could fill the log if this were logged.
    if (error instanceof Error && "code" in error && error.code === "ECONNRESET") return new CmqError("unreadable");
    // The request is not logged. A reader of the log could send the signed request again.
    failed(error, { requestId: requestIdOf(raw), api: "cmq", action });
    return new CmqError("internal");
  };
}

/** The status is always 200, because CMQ's clients treat any other status as a network failure. */
function send(reply: FastifyReply, json: string): FastifyReply {
  return reply.code(200).header("content-type", "application/json; charset=utf-8").send(json);
}
