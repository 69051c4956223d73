import { setImmediate as otherWork } from "node:timers/promises";
import { hookJsonLimits } from "@ringback/sdk/protocols";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Type, type Static } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import type { HookSettings } from "../domain/hook-rules.ts";
import { losslessJson, parsePayload } from "../domain/lossless-json.ts";
import { assertName } from "../domain/names.ts";
import { hopsOf } from "../engine/loops.ts";
import type { HookDetails, HookPayload } from "../engine/hooks/hooks.ts";
import { assertJsonType, bodyBytes, readJson } from "../http/json-body.ts";
import { hookSchema, hookShape, hookView, outcomeSchema, outcomeView } from "../shapes/hook.ts";
import { about, bodyErrors, hookParams, operation, problemResponses } from "../shapes/schema-parts.ts";
import { accountIdOf } from "./access-gate.ts";
import type { ApiParts } from "./api-parts.ts";
import { labelledListRoute, resourceRoutes, type Resource } from "./resource.ts";

type HookPath = Static<typeof hookParams>;

const path = "/v1/hooks/:hook";

export function hookRoutes(app: FastifyInstance, { servicesOf }: ApiParts): void {
  const hooksOf = (request: FastifyRequest) => servicesOf(accountIdOf(request)).hooks;
  const resource: Resource<"hook", HookPath, HookDetails, HookSettings> = {
    path,
    noun: "hook",
    plural: "hooks",
    pathErrors: ["invalid_name", "hook_not_found"],
    putErrors: ["entry_limit"],
    settingErrors: [
      "invalid_url",
      "unknown_protocol",
      "invalid_key",
      "key_not_found",
      "key_unavailable",
      "master_key_missing",
      "secrets_needed",
    ],
    params: hookParams,
    view: hookSchema,
    texts: { delete: { summary: "Delete a hook" } },
    shape: hookShape,
    isBodyOptional: false,
    assertName: ({ hook }) => assertName("hook", hook),
    at: ({ hook: name }, request) => ({
      get: () => hooksOf(request).get(name),
      put: (settings, condition) => hooksOf(request).put(name, settings, condition),
      delete: (condition) => hooksOf(request).delete(name, condition),
    }),
    notFound: ({ hook }) => new RingbackError("hook_not_found", `There is no hook "${hook}".`),
    bodyOf: (hook) => hook,
    viewOf: hookView,
  };
  resourceRoutes(app, resource);
  labelledListRoute(app, resource, (request, page, label) => hooksOf(request).list(page, label));
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
    ...problemResponses(
      "invalid_name",
      "hook_not_found",
      "key_not_found",
      "key_unavailable",
      "loop_detected",
      ...bodyErrors,
    ),
  },
};

/** From this size, the server does other work between the reading of a reply and the writing of the response. */
const largeMemoryBytes = 1024 * 1024;

/** Registered in a scope of its own, because a payload may be larger than other requests. */
export function hookCallRoute(app: FastifyInstance, { servicesOf, store }: ApiParts): void {
  const options = { schema: callSchema, config: { access: "consume", waits: true } } as const;
  app.post<{ Params: HookPath }>(`${path}/call`, options, async (request, reply) => {
    const { hook } = request.params;
    assertName("hook", hook);
    const { outcome, memoryBytes, release } = await servicesOf(accountIdOf(request)).hooks.call(hook, {
      ...payloadOf(request),
      hops: await hopsOf(store, request.headers),
    });
    // The outcome's memory is released when the response has been sent or the client has disconnected. The client may
    // have disconnected already.
    if (request.raw.socket.destroyed) release();
    else reply.raw.once("close", release);
    if (memoryBytes > largeMemoryBytes) await otherWork();
    const text = losslessJson.stringify(outcomeView(outcome));
    return reply.header("content-type", "application/json; charset=utf-8").send(text);
  });
}

function payloadOf(request: FastifyRequest): HookPayload {
  const bytes = bodyBytes(request);
  const read = async () => {
    assertJsonType(request);
    return readJson(bytes, hookJsonLimits, parsePayload);
  };
  return { bytes: bytes.length, read };
}
