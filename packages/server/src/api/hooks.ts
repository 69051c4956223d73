import { jsonDepthWithin } from "@ringback/sdk/protocols";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { assertName } from "../domain/names.ts";
import { hookJson } from "../engine/hooks/hook-json.ts";
import type { HookPayload } from "../engine/hooks/hooks.ts";
import { pageRequest, pageView } from "../shapes/page-cursor.ts";
import type { ApiContext } from "./dependencies.ts";
import { hookBody, hookSchema, hookView, outcomeSchema, outcomeView } from "../shapes/hook.ts";
import { bodyBytes, jsonBody } from "../http/json-body.ts";
import { noParameters, pageParameters, queryReader } from "../shapes/query.ts";
import { bodyErrors, hookParams, pageOf, problemResponses, writeErrors } from "../shapes/schema-parts.ts";
import { shapeReader } from "../shapes/shape-check.ts";

interface HookPath {
  readonly hook: string;
}

const tags = ["hooks"];
const listQuery = Type.Object(pageParameters, { additionalProperties: false });
const listing = "hooks";

export function hookRoutes(app: FastifyInstance, { hooks }: ApiContext): void {
  const readBody = shapeReader(hookBody);
  const readListQuery = queryReader(listQuery);
  const readNoQuery = queryReader(noParameters);

  app.put<{ Params: HookPath }>(
    "/v1/hooks/:hook",
    {
      schema: {
        tags,
        operationId: "putHook",
        summary: "Make a hook, or change it",
        description: "The body is the whole of its settings: what is left out gets its default.",
        params: hookParams,
        body: hookBody,
        response: {
          200: { ...hookSchema, description: "It existed; these are its settings now." },
          201: { ...hookSchema, description: "It was made." },
          ...problemResponses(
            "invalid_name",
            "invalid_url",
            "unknown_protocol",
            "invalid_key",
            "key_not_found",
            "key_unavailable",
            "entry_limit",
            ...bodyErrors,
            ...writeErrors,
          ),
        },
      },
    },
    async (request, reply) => {
      readNoQuery(request);
      const { hook: name } = request.params;
      assertName("hook", name);
      const { hook, created } = await hooks.put(name, readBody(jsonBody(request).value));
      return reply.code(created ? 201 : 200).send(hookView(hook));
    },
  );

  app.get<{ Params: HookPath }>(
    "/v1/hooks/:hook",
    {
      schema: {
        tags,
        operationId: "getHook",
        summary: "Look at a hook",
        params: hookParams,
        response: { 200: hookSchema, ...problemResponses("invalid_name", "hook_not_found") },
      },
    },
    async (request) => {
      readNoQuery(request);
      const { hook: name } = request.params;
      assertName("hook", name);
      const hook = await hooks.get(name);
      if (hook === null) throw notFound(name);
      return hookView(hook);
    },
  );

  app.delete<{ Params: HookPath }>(
    "/v1/hooks/:hook",
    {
      schema: {
        tags,
        operationId: "deleteHook",
        summary: "Remove a hook",
        params: hookParams,
        response: {
          204: { type: "null", description: "It is gone." },
          ...problemResponses("invalid_name", "hook_not_found", ...writeErrors),
        },
      },
    },
    async (request, reply) => {
      readNoQuery(request);
      const { hook: name } = request.params;
      assertName("hook", name);
      if (!(await hooks.delete(name))) throw notFound(name);
      return reply.code(204).send();
    },
  );

  app.get(
    "/v1/hooks",
    {
      schema: {
        tags,
        operationId: "listHooks",
        summary: "List hooks by name",
        querystring: listQuery,
        response: { 200: pageOf(hookSchema, "A page of hooks."), ...problemResponses("invalid_cursor") },
      },
    },
    async (request) => pageView(listing, await hooks.list(pageRequest(listing, readListQuery(request))), hookView),
  );
}

/** Beside the publishing routes, since a payload may be as large as a publish request. */
export function hookCallRoute(app: FastifyInstance, { hooks }: ApiContext): void {
  const readNoQuery = queryReader(noParameters);

  app.post<{ Params: HookPath }>(
    "/v1/hooks/:hook/call",
    {
      schema: {
        tags,
        operationId: "callHook",
        summary: "Call a hook, and get to know what its programs say",
        description:
          "The body is the payload: any JSON value (koipy and opencard: an object). The answer is 200 whatever the called " +
          "programs do; `error` tells that one of them failed, and `onError` what that means.",
        params: hookParams,
        body: Type.Unknown({ description: "The payload." }),
        response: {
          200: outcomeSchema,
          ...problemResponses("invalid_name", "hook_not_found", "key_not_found", "key_unavailable", ...bodyErrors),
        },
      },
    },
    async (request, reply) => {
      readNoQuery(request);
      const { hook: name } = request.params;
      assertName("hook", name);
      const { outcome, release } = await hooks.call(name, payloadOf(request));
      // What it holds is given back when the answer has been sent, or its client is gone, which may be so already.
      if (reply.raw.destroyed) release();
      else reply.raw.once("close", release);
      const text = hookJson.stringify(outcomeView(outcome));
      return reply.header("content-type", "application/json; charset=utf-8").send(text);
    },
  );
}

function payloadOf(request: FastifyRequest): HookPayload {
  return { bytes: bodyBytes(request).length, read: () => jsonBody(request, parsePayload).value };
}

function parsePayload(text: string): unknown {
  try {
    return hookJson.parse(text);
  } catch (error) {
    // It looks at the depth first, and says no more than that it is no JSON.
    if (jsonDepthWithin(text, limits.hookPayloadDepthMax)) throw error;
  }
  throw new RingbackError("invalid_request", `The payload is deeper than ${limits.hookPayloadDepthMax} levels.`);
}

function notFound(name: string): RingbackError {
  return new RingbackError("hook_not_found", `There is no hook "${name}".`);
}
