import { jsonDepthWithin } from "@ringback/sdk/protocols";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { assertName } from "../domain/names.ts";
import { hookJson } from "../engine/hooks/hook-json.ts";
import type { HookDetails, HookPayload, Hooks } from "../engine/hooks/hooks.ts";
import { bodyBytes, jsonBody, mergePatchJson } from "../http/json-body.ts";
import {
  assertPreconditions,
  conditionOf,
  patchUntilWritten,
  entityTag,
  writeCondition,
} from "../http/preconditions.ts";
import { hookSchema, hookShape, hookView, outcomeSchema, outcomeView } from "../shapes/hook.ts";
import { labelOf, labelParameter } from "../shapes/labels.ts";
import { pageRequest, pageView } from "../shapes/page-cursor.ts";
import { noParameters, pageParameters, queryReader } from "../shapes/query.ts";
import { deleteRoute, getRoute, listRoute, patchRoute, putRoute } from "../shapes/resource-routes.ts";
import { bodyErrors, hookParams, problemResponses } from "../shapes/schema-parts.ts";

interface HookPath {
  readonly hook: string;
}

const path = "/v1/hooks/:hook";
const resource = {
  noun: "hook",
  plural: "hooks",
  tag: "hooks",
  pathErrors: ["invalid_name", "hook_not_found"],
  params: hookParams,
  body: hookShape.body,
  view: hookSchema,
} as const;
const settingErrors = ["invalid_url", "unknown_protocol", "invalid_key", "key_not_found", "key_unavailable"] as const;
const listQuery = Type.Object({ ...pageParameters, label: labelParameter }, { additionalProperties: false });
const readNoQuery = queryReader(noParameters);

export function hookRoutes(app: FastifyInstance, { hooks }: { readonly hooks: Hooks }): void {
  const readListQuery = queryReader(listQuery);

  app.put<{ Params: HookPath }>(path, putRoute(resource, ["entry_limit", ...settingErrors]), async (request, reply) => {
    readNoQuery(request);
    const name = nameIn(request.params);
    const settings = hookShape.read(jsonBody(request).value);
    const condition = await writeCondition(request, () => hooks.get(name));
    const { hook, created } = await hooks.put(name, settings, condition);
    return send(reply.code(created ? 201 : 200), hook);
  });

  app.patch<{ Params: HookPath }>(
    path,
    patchRoute(resource, hookShape.patch, settingErrors),
    async (request, reply) => {
      readNoQuery(request);
      const name = nameIn(request.params);
      const patch = hookShape.readPatch(mergePatchJson(request));
      const hook = await patchUntilWritten(request, async () => {
        const before = found(name, await hooks.get(name));
        assertPreconditions(request, before);
        const settings = hookShape.patched(before, patch);
        return (await hooks.put(name, settings, before)).hook;
      });
      return send(reply, hook);
    },
  );

  app.get<{ Params: HookPath }>(path, getRoute(resource, hookSchema), async (request, reply) => {
    readNoQuery(request);
    const name = nameIn(request.params);
    return send(reply, found(name, await hooks.get(name)));
  });

  app.delete<{ Params: HookPath }>(path, deleteRoute(resource, "Delete a hook"), async (request, reply) => {
    readNoQuery(request);
    const name = nameIn(request.params);
    const condition = conditionOf(request, found(name, await hooks.get(name)));
    if (!(await hooks.delete(name, condition))) throw notFound(name);
    return reply.code(204).send();
  });

  app.get("/v1/hooks", listRoute(resource, listQuery), async (request) => {
    const { label, ...query } = readListQuery(request);
    const listing = `hooks ${label ?? ""}`;
    return pageView(listing, await hooks.list(pageRequest(listing, query), labelOf(label)), hookView);
  });
}

/** Registered beside the publishing routes, since a payload may be as large as a publish request. */
export function hookCallRoute(app: FastifyInstance, { hooks }: { readonly hooks: Hooks }): void {
  app.post<{ Params: HookPath }>(
    `${path}/call`,
    {
      schema: {
        tags: [resource.tag],
        operationId: "callHook",
        summary: "Call a hook and get its outcome",
        description:
          "The body is the payload: any JSON value (koipy and opencard: an object). The answer is 200 even when a called " +
          "program fails: then `error` is not null, and the hook's `onError` has decided the action.",
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
      const { outcome, release } = await hooks.call(nameIn(request.params), payloadOf(request));
      // The outcome's memory is released when the answer has been sent, or when the client is gone, now or later.
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
    // The codec throws the same for a text that is too deep, whose depth it checks first.
    if (jsonDepthWithin(text, limits.hookPayloadDepthMax)) throw error;
  }
  throw new RingbackError("invalid_request", `The payload is deeper than ${limits.hookPayloadDepthMax} levels.`);
}

function nameIn({ hook }: HookPath): string {
  assertName("hook", hook);
  return hook;
}

function found(name: string, hook: HookDetails | null): HookDetails {
  if (hook === null) throw notFound(name);
  return hook;
}

function notFound(name: string): RingbackError {
  return new RingbackError("hook_not_found", `There is no hook "${name}".`);
}

function send(reply: FastifyReply, hook: HookDetails): FastifyReply {
  return reply.header("etag", entityTag(hook)).send(hookView(hook));
}
