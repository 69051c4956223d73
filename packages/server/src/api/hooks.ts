import { jsonDepthWithin } from "@ringback/sdk/protocols";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Type, type Static } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import type { HookSettings } from "../domain/hook-rules.ts";
import { limits } from "../domain/limits.ts";
import { assertName } from "../domain/names.ts";
import { hookJson } from "../engine/hooks/hook-json.ts";
import type { HookDetails, HookPayload } from "../engine/hooks/hooks.ts";
import { bodyBytes, jsonBody } from "../http/json-body.ts";
import { hookSchema, hookShape, hookView, outcomeSchema, outcomeView } from "../shapes/hook.ts";
import { about, bodyErrors, hookParams, operation, problemResponses } from "../shapes/schema-parts.ts";
import type { ApiParts } from "./api-parts.ts";
import { labelledListRoute, resourceRoutes, type Resource } from "./resource.ts";

type HookPath = Static<typeof hookParams>;

const path = "/v1/hooks/:hook";

export function hookRoutes(app: FastifyInstance, { hooks }: ApiParts): void {
  const resource: Resource<"hook", HookPath, HookDetails, HookSettings> = {
    path,
    noun: "hook",
    plural: "hooks",
    pathErrors: ["invalid_name", "hook_not_found"],
    putErrors: ["entry_limit"],
    settingErrors: ["invalid_url", "unknown_protocol", "invalid_key", "key_not_found", "key_unavailable"],
    params: hookParams,
    view: hookSchema,
    texts: { delete: { summary: "Delete a hook" } },
    shape: hookShape,
    isBodyOptional: false,
    assertName: ({ hook }) => assertName("hook", hook),
    at: ({ hook: name }) => ({
      get: () => hooks.get(name),
      put: (settings, condition) => hooks.put(name, settings, condition),
      delete: (condition) => hooks.delete(name, condition),
    }),
    notFound: ({ hook }) => new RingbackError("hook_not_found", `There is no hook "${hook}".`),
    bodyOf: (hook) => hook,
    viewOf: hookView,
  };
  resourceRoutes(app, resource);
  labelledListRoute(app, resource, (page, label) => hooks.list(page, label));
}

const callSchema = {
  ...operation("hooks", "callHook", "Call a hook and get its outcome"),
  description:
    "The body is the payload: any JSON value (koipy and opencard: an object). The answer is 200 even when a called " +
    "program fails: then `error` is not null, and the hook's `onError` has decided the action.",
  params: hookParams,
  body: about("The payload.", Type.Unknown()),
  response: {
    200: outcomeSchema,
    ...problemResponses("invalid_name", "hook_not_found", "key_not_found", "key_unavailable", ...bodyErrors),
  },
};

/** Registered in the scope of the publishing routes, because a payload may be as large as a publish request. */
export function hookCallRoute(app: FastifyInstance, { hooks }: ApiParts): void {
  app.post<{ Params: HookPath }>(`${path}/call`, { schema: callSchema }, async (request, reply) => {
    const { hook } = request.params;
    assertName("hook", hook);
    const { outcome, release } = await hooks.call(hook, payloadOf(request));
    // The outcome's memory is released when the response has been sent or the client has disconnected. The client may
    // have disconnected already.
    if (reply.raw.destroyed) release();
    else reply.raw.once("close", release);
    const text = hookJson.stringify(outcomeView(outcome));
    return reply.header("content-type", "application/json; charset=utf-8").send(text);
  });
}

function payloadOf(request: FastifyRequest): HookPayload {
  return { bytes: bodyBytes(request).length, read: () => jsonBody(request, parsePayload).value };
}

function parsePayload(text: string): unknown {
  try {
    return hookJson.parse(text);
  } catch (error) {
    // The codec throws the same error for invalid JSON and for a text that is nested too deeply. Only the second case
    // gets a message of its own.
    if (jsonDepthWithin(text, limits.hookPayloadDepthMax)) throw error;
  }
  throw new RingbackError("invalid_request", `The payload is deeper than ${limits.hookPayloadDepthMax} levels.`);
}
