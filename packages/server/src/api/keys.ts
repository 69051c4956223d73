import type { FastifyInstance, FastifyReply } from "fastify";
import { Type } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import { assertKid } from "../domain/kid-rule.ts";
import type { KeyDetails, Keys } from "../engine/keys/keys.ts";
import { jsonBody } from "../http/json-body.ts";
import { conditionOf, entityTag, writeCondition } from "../http/preconditions.ts";
import { keyBody, keySchema, keyView } from "../shapes/key.ts";
import { pageRequest, pageView } from "../shapes/page-cursor.ts";
import { noParameters, pageParameters, queryReader } from "../shapes/query.ts";
import { deleteRoute, getRoute, listRoute, putRoute } from "../shapes/resource-routes.ts";
import { keyParams } from "../shapes/schema-parts.ts";
import { shapeReader } from "../shapes/shape-check.ts";

interface KeyPath {
  readonly kid: string;
}

const path = "/v1/keys/:kid";
const resource = {
  noun: "key",
  plural: "keys",
  tag: "keys",
  pathErrors: ["invalid_name", "key_not_found"],
  params: keyParams,
  body: keyBody,
  view: keySchema,
} as const;
const listQuery = Type.Object(pageParameters, { additionalProperties: false });
const listing = "keys";

/** No answer, error or event holds any part of a key's secret. */
export function keyRoutes(app: FastifyInstance, { keys }: { readonly keys: Keys }): void {
  const readBody = shapeReader(keyBody, { codes: { jwk: "invalid_key" } });
  const readListQuery = queryReader(listQuery);
  const readNoQuery = queryReader(noParameters);

  const put = putRoute(resource, ["invalid_key", "master_key_missing", "entry_limit"], {
    summary: "Store a key, or replace it",
    description: "The key is stored encrypted under the server's master key, and is never shown again.",
  });
  app.put<{ Params: KeyPath }>(path, put, async (request, reply) => {
    readNoQuery(request);
    const kid = kidIn(request.params);
    const { jwk } = readBody(jsonBody(request).value);
    const condition = await writeCondition(request, () => keys.get(kid));
    const { key, created } = await keys.put(kid, jwk, condition);
    return send(reply.code(created ? 201 : 200), key);
  });

  const get = getRoute(resource, keySchema, "Get what is known of a key, without its secret");
  app.get<{ Params: KeyPath }>(path, get, async (request, reply) => {
    readNoQuery(request);
    const kid = kidIn(request.params);
    return send(reply, found(kid, await keys.get(kid)));
  });

  const deleteDescription =
    "Whatever still names the key fails without it: its pushes are retried, and calls of its hooks answer `key_not_found`.";
  app.delete<{ Params: KeyPath }>(
    path,
    deleteRoute(resource, "Delete a key for good", deleteDescription),
    async (request, reply) => {
      readNoQuery(request);
      const kid = kidIn(request.params);
      const condition = conditionOf(request, found(kid, await keys.get(kid)));
      if (!(await keys.delete(kid, condition))) throw notFound(kid);
      return reply.code(204).send();
    },
  );

  app.get("/v1/keys", listRoute(resource, listQuery), async (request) =>
    pageView(listing, await keys.list(pageRequest(listing, readListQuery(request))), keyView),
  );
}

function kidIn({ kid }: KeyPath): string {
  assertKid("kid", kid);
  return kid;
}

function found(kid: string, key: KeyDetails | null): KeyDetails {
  if (key === null) throw notFound(kid);
  return key;
}

function notFound(kid: string): RingbackError {
  return new RingbackError("key_not_found", `There is no key "${kid}".`);
}

function send(reply: FastifyReply, key: KeyDetails): FastifyReply {
  return reply.header("etag", entityTag(key)).send(keyView(key));
}
