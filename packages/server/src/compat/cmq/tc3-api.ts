import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { takeBodiesAsBytes } from "../../http/body-bytes.ts";
import { httpLimitDefaults } from "../../http/http-limits.ts";
import { bodyBytes, parseJson } from "../../http/json-body.ts";
import type { Authentication } from "./authentication.ts";
import { type ActionContext, type Members, SocketCall } from "./call.ts";
import { CmqError, cmqErrorTable } from "./errors.ts";
import { oldTc3Actions, tc3Actions } from "./tc3-actions.ts";
import { parametersOfJson } from "./tc3-parameters.ts";
import { isTc3SignedWith, readTc3Authorization } from "./tc3-signature.ts";
import { cmqLimits } from "./cmq-limits.ts";

interface Tc3Context {
  readonly context: ActionContext;
  readonly authentication: Authentication;
  readonly nextRequestId: () => string;
  readonly errorOf: (error: unknown, action: string | null) => CmqError;
}

const versions = new Map([
  ["2020-02-17", tc3Actions],
  ["2019-03-04", oldTc3Actions],
]);

/**
 * Adds the newer API: `POST /` with `X-TC-Action`, signed in headers, with JSON bodies. Its signatures have no nonce.
 */
export async function addTc3Route(app: FastifyInstance, given: Tc3Context): Promise<void> {
  await app.register((scope, _options, done) => {
    takeBodiesAsBytes(scope, cmqLimits.requestBytesMax, { held: 0 }, httpLimitDefaults);
    scope.addHook("onRequest", (request, _reply, next) => {
      request.headers = { ...request.headers, "content-type": "application/json" };
      next();
    });
    scope.setErrorHandler((error, _request, reply) => {
      void refuse(reply, given.nextRequestId(), given.errorOf(error, null));
    });
    scope.post("/", { schema: { hide: true } }, (request, reply) => answer(given, request, reply));
    done();
  });
}

async function answer(given: Tc3Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const requestId = given.nextRequestId();
  let action: string | null = null;
  try {
    await authenticate(given.authentication, request);
    action = headerOf(request, "x-tc-action");
    const run = versions.get(headerOf(request, "x-tc-version"))?.get(action);
    if (run === undefined) throw new CmqError("unknownAction");
    const bytes = bodyBytes(request);
    const parameters = parametersOfJson(bytes.length === 0 ? {} : parsed(bytes));
    const call = new SocketCall(parameters, request.raw.socket);
    const members = await run(given.context, call).finally(() => call.end());
    return send(reply, { ...members, RequestId: requestId });
  } catch (error) {
    return refuse(reply, requestId, given.errorOf(error, action));
  }
}

async function authenticate(authentication: Authentication, request: FastifyRequest): Promise<void> {
  const { url = "/", headers } = request.raw;
  const authorization = readTc3Authorization(headers.authorization);
  const timestamp = headerOf(request, "x-tc-timestamp");
  if (!/^\d{1,12}$/.test(timestamp))
    throw new CmqError("missingParameter", "the header X-TC-Timestamp is missing or wrong");
  const timestampS = Number(timestamp);
  const mark = url.indexOf("?");
  const query = mark < 0 ? "" : url.slice(mark + 1);
  const signed = { method: "POST", path: "/", query, headers, body: bodyBytes(request), timestampS };
  const secretKey = await authentication.secretOf(authorization.secretId);
  if (!isTc3SignedWith(secretKey, signed, authorization)) {
    throw new CmqError("authentication", "the signature does not match the request");
  }
  authentication.assertInTime(timestampS);
}

function headerOf({ raw }: FastifyRequest, name: string): string {
  const value = raw.headers[name];
  return typeof value === "string" ? value : "";
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes).value;
  } catch {
    throw new CmqError("unreadable", "the request is not valid JSON");
  }
}

function refuse(reply: FastifyReply, requestId: string, { key, message }: CmqError): FastifyReply {
  return send(reply, { Error: { Code: cmqErrorTable[key].tc3, Message: message }, RequestId: requestId });
}

function send(reply: FastifyReply, Response: Members): FastifyReply {
  return reply.code(200).header("content-type", "application/json; charset=utf-8").send(JSON.stringify({ Response }));
}
