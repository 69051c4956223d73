import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { bodyBytes, readJson } from "../../http/json-body.ts";
import { addForeignRoutes } from "../foreign-routes.ts";
import type { Authentication } from "./authentication.ts";
import type { ActionContext, Members } from "./call.ts";
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
 * Adds the newer API: `POST /` with the header `X-TC-Action`, a signature in the headers and a JSON body. These
 * signatures contain no nonce.
 */
export async function addTc3Route(app: FastifyInstance, given: Tc3Context): Promise<void> {
  await addForeignRoutes(app, {
    requestBytesMax: cmqLimits.requestBytesMax,
    contentType: "application/json",
    refuse: (error, _request, reply) => void refuse(reply, given.nextRequestId(), given.errorOf(error, null)),
    addRoutes: (scope) =>
      scope.post("/", { schema: { hide: true } }, (request, reply) => answer(given, request, reply)),
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
    const parameters = parametersOfJson(bytes.length === 0 ? {} : await parsed(bytes));
    const members = await run(given.context, { parameters, socket: request.raw.socket });
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

async function parsed(bytes: Uint8Array): Promise<unknown> {
  try {
    return await readJson(bytes, { depthMax: cmqLimits.jsonDepthMax, valuesMax: cmqLimits.jsonValuesMax }, JSON.parse);
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
