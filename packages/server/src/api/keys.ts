import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import { assertKid } from "../domain/kid-rule.ts";
import type { KeyDetails } from "../engine/keys/keys.ts";
import { pageRequest, pageView } from "../shapes/page-cursor.ts";
import type { ApiContext } from "./dependencies.ts";
import { jsonBody } from "../http/json-body.ts";
import { keyBody, keySchema, keyView } from "../shapes/key.ts";
import { noParameters, pageParameters, queryReader } from "../shapes/query.ts";
import { bodyErrors, keyParams, pageOf, problemResponses, writeErrors } from "../shapes/schema-parts.ts";
import { shapeReader } from "../shapes/shape-check.ts";

interface KeyPath {
  readonly kid: string;
}

const tags = ["keys"];
const listQuery = Type.Object(pageParameters, { additionalProperties: false });
const listing = "keys";

/** What a key is never comes back out of here: neither in an answer, nor in an error, nor in an event. */
export function keyRoutes(app: FastifyInstance, { keys }: ApiContext): void {
  const readBody = shapeReader(keyBody, { codes: { jwk: "invalid_key" } });
  const readListQuery = queryReader(listQuery);
  const readNoQuery = queryReader(noParameters);

  app.put<{ Params: KeyPath }>(
    "/v1/keys/:kid",
    {
      schema: {
        tags,
        operationId: "putKey",
        summary: "Keep a key, or replace it",
        description: "It is kept encrypted under the server's master key, and never given out.",
        params: keyParams,
        body: keyBody,
        response: {
          200: { ...keySchema, description: "It existed; it is this one now." },
          201: { ...keySchema, description: "It was made." },
          ...problemResponses(
            "invalid_name",
            "invalid_key",
            "master_key_missing",
            "entry_limit",
            ...bodyErrors,
            ...writeErrors,
          ),
        },
      },
    },
    async (request, reply) => {
      readNoQuery(request);
      const { kid } = request.params;
      assertKid("kid", kid);
      const { jwk } = readBody(jsonBody(request).value);
      const { key, created } = await keys.put(kid, jwk);
      return reply.code(created ? 201 : 200).send(keyView(key));
    },
  );

  app.get<{ Params: KeyPath }>(
    "/v1/keys/:kid",
    {
      schema: {
        tags,
        operationId: "getKey",
        summary: "Look at a key: what it is, not what it holds",
        params: keyParams,
        response: { 200: keySchema, ...problemResponses("invalid_name", "key_not_found") },
      },
    },
    async (request) => {
      readNoQuery(request);
      const { kid } = request.params;
      assertKid("kid", kid);
      return keyView(found(kid, await keys.get(kid)));
    },
  );

  app.delete<{ Params: KeyPath }>(
    "/v1/keys/:kid",
    {
      schema: {
        tags,
        operationId: "deleteKey",
        summary: "Remove a key for good",
        description: "Whoever still names it fails with it: its pushes are retried, its hooks answer `key_not_found`.",
        params: keyParams,
        response: {
          204: { type: "null", description: "It is gone." },
          ...problemResponses("invalid_name", "key_not_found", ...writeErrors),
        },
      },
    },
    async (request, reply) => {
      readNoQuery(request);
      const { kid } = request.params;
      assertKid("kid", kid);
      if (!(await keys.delete(kid))) throw notFound(kid);
      return reply.code(204).send();
    },
  );

  app.get(
    "/v1/keys",
    {
      schema: {
        tags,
        operationId: "listKeys",
        summary: "List keys by name",
        querystring: listQuery,
        response: { 200: pageOf(keySchema, "A page of keys."), ...problemResponses("invalid_cursor") },
      },
    },
    async (request) => pageView(listing, await keys.list(pageRequest(listing, readListQuery(request))), keyView),
  );
}

function found(kid: string, key: KeyDetails | null): KeyDetails {
  if (key === null) throw notFound(kid);
  return key;
}

function notFound(kid: string): RingbackError {
  return new RingbackError("key_not_found", `There is no key "${kid}".`);
}
