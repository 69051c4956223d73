import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Audit } from "../../engine/audit/audit.ts";
import type { Caller } from "../../engine/access/access.ts";
import { noteAction, type NotedAction } from "../../http/answered-request.ts";
import { requestIdOf } from "../../http/request-id.ts";
import { clientAddressOf } from "../../http/trusted-proxies.ts";
import { addForeignRoutes } from "../foreign-routes.ts";
import type { Authentication } from "./authentication.ts";
import { type ContextOf, type Members } from "./call.ts";
import { cmqLimits } from "./cmq-limits.ts";
import { CmqError } from "./errors.ts";
import { allMethods, signedRequestOf } from "./request.ts";
import { runAction } from "./run-action.ts";
import type { SignedRequest } from "./signature.ts";
import { oldTc3Actions, tc3Actions } from "./tc3-actions.ts";
import { callSignedInForm, callSignedInHeaders, type Tc3Call } from "./tc3-call.ts";
import { Tc3Error, tc3ErrorView } from "./tc3-errors.ts";

/** Maps any error of a request to an error of this API. */
export type ErrorOf = (error: unknown, action: string | null, request: FastifyRequest) => CmqError;

/** The page of people, which shares the path. */
export interface RootPage {
  /** False: the request is of a program. */
  readonly isRequested: (request: FastifyRequest) => boolean;
  readonly answer: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;
}

interface RootRoute {
  /** null: there is no page. */
  readonly page: RootPage | null;
  readonly contextOf: ContextOf;
  readonly audit: Audit;
  readonly authentication: Authentication;
  readonly errorOf: ErrorOf;
  readonly answerApi2: (request: FastifyRequest, reply: FastifyReply, read: SignedRequest) => Promise<FastifyReply>;
  readonly refuseApi2: (error: unknown, request: FastifyRequest, reply: FastifyReply) => void;
}

const versions = new Map([
  ["2020-02-17", tc3Actions],
  ["2019-03-04", oldTc3Actions],
]);

/**
 * Adds `/`, the path of the newer API. Its requests have the signature in the headers (signature method v3,
 * `TC3-HMAC-SHA256`) or among the parameters of a query or form (v1). CMQ's Go SDK also sends requests of API 2.0 to
 * `/`. Their forms have no `Version`, which the newer API requires.
 */
export async function addRootRoute(app: FastifyInstance, given: RootRoute): Promise<void> {
  const { page } = given;
  const isPage = (request: FastifyRequest): boolean => page?.isRequested(request) ?? false;
  await addForeignRoutes(app, {
    requestBytesMax: cmqLimits.requestBytesMax,
    contentType: "application/json",
    refuse: (error, request, reply) => {
      // A client of API 2.0 would read an error of the newer API as success.
      if (request.raw.method === "POST" && !isSignedInHeaders(request)) given.refuseApi2(error, request, reply);
      else refuse(given, request, reply, error, null);
    },
    addRoutes: (scope) =>
      scope.route({
        method: [...allMethods],
        url: "/",
        exposeHeadRoute: false,
        schema: { hide: true },
        config: { access: "public", waits: true, isPage },
        handler: (request, reply) =>
          page?.isRequested(request) === true ? page.answer(request, reply) : answer(given, request, reply),
      }),
  });
}

async function answer(given: RootRoute, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  let action: string | null = null;
  try {
    let call: Tc3Call;
    if (isSignedInHeaders(request)) {
      call = await callSignedInHeaders(given.authentication, request);
    } else {
      const read = signedRequestOf(request);
      if (read.form.has("Action") && !read.form.has("Version")) return await given.answerApi2(request, reply, read);
      call = await callSignedInForm(given.authentication, read, clientAddressOf(request));
    }
    action = call.action;
    const members = await run(given, call, request);
    return send(reply, { ...members, RequestId: requestIdOf(request.raw) });
  } catch (error) {
    return refuse(given, request, reply, error, action);
  }
}

async function run(
  { contextOf, audit, authentication }: RootRoute,
  call: Tc3Call,
  request: FastifyRequest,
): Promise<Members> {
  const { action, caller, version, readParameters, signed } = call;
  const actions = versions.get(version);
  if (actions === undefined) throw new Tc3Error("NoSuchVersion", "There is no such version of the API.");
  const found = actions.get(action);
  if (found === undefined) throw new CmqError("unknownAction");
  noteAction(request.raw, actionNote(action, caller));
  const parameters = await readParameters();
  const context = contextOf(caller, action, parameters);
  const runOnce = () => runAction(context, audit, request, { action, run: found, caller, parameters });
  return signed === null ? runOnce() : authentication.runOnce(signed, runOnce);
}

/** For the log of requests. `action` must be one that exists. */
export function actionNote(action: string, { account }: Caller): NotedAction {
  return { action, account: account.name, isPublish: /(?:Publish|Send).*Message$/.test(action) };
}

function isSignedInHeaders({ raw: { headers } }: FastifyRequest): boolean {
  return headers["x-tc-action"] !== undefined || headers.authorization?.startsWith("TC3-") === true;
}

function refuse(
  given: RootRoute,
  request: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
  action: string | null,
): FastifyReply {
  const known = error instanceof Tc3Error ? error : given.errorOf(error, action, request);
  return send(reply, { Error: tc3ErrorView(known), RequestId: requestIdOf(request.raw) });
}

/**
 * Fastify would add a charset to the content type of a text, so the body is sent as bytes. Tencent Cloud's SDK for
 * Python finds errors only in a response whose content type is exactly `application/json`.
 */
function send(reply: FastifyReply, Response: Members): FastifyReply {
  return reply
    .code(200)
    .header("content-type", "application/json")
    .send(Buffer.from(JSON.stringify({ Response })));
}
