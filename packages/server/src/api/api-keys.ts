import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import type { Static } from "typebox";
import { isSecretId } from "../domain/api-key-rules.ts";
import { RingbackError } from "../domain/errors.ts";
import type { ApiKeyPair } from "../engine/keys/api-keys.ts";
import { apiKeyBody, apiKeySchema, apiKeyView, newApiKeySchema, newApiKeyView } from "../shapes/api-key.ts";
import { pageRequest, pageView } from "../shapes/page-cursor.ts";
import type { ApiContext } from "./dependencies.ts";
import { jsonBody } from "../http/json-body.ts";
import { noParameters, pageParameters, queryReader } from "../shapes/query.ts";
import { apiKeyParams, bodyErrors, pageOf, problemResponses, writeErrors } from "../shapes/schema-parts.ts";
import { shapeReader } from "../shapes/shape-check.ts";

interface ApiKeyPath {
  readonly id: string;
}

const tags = ["api keys"];
const listQuery = Type.Object(pageParameters, { additionalProperties: false });
const listing = "api-keys";

/** A secretKey comes out of here once, in the answer to the request that has made it, and in no error and no event. */
export function apiKeyRoutes(app: FastifyInstance, { apiKeys }: ApiContext): void {
  const readBody = shapeReader(apiKeyBody, { codes: { secretId: "invalid_key", secretKey: "invalid_key" } });
  const readListQuery = queryReader(listQuery);
  const readNoQuery = queryReader(noParameters);

  app.post(
    "/v1/api-keys",
    {
      schema: {
        tags,
        operationId: "createApiKey",
        summary: "Make an API key, or keep one that a program has",
        description:
          "It is kept encrypted under the server's master key. This answer is the only one that holds its secretKey.",
        body: apiKeyBody,
        response: {
          200: { ...newApiKeySchema, description: "This very pair was there already; its name is this one now." },
          201: { ...newApiKeySchema, description: "It was made, and requests may be signed with it at once." },
          ...problemResponses(
            "invalid_name",
            "invalid_key",
            "api_key_exists",
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
      const body = readBody(jsonBody(request).value);
      const { apiKey, pair, created } = await apiKeys.create(body.name, pairOf(body));
      return reply
        .code(created ? 201 : 200)
        .header("cache-control", "no-store")
        .send(newApiKeyView(apiKey, pair));
    },
  );

  app.get<{ Params: ApiKeyPath }>(
    "/v1/api-keys/:id",
    {
      schema: {
        tags,
        operationId: "getApiKey",
        summary: "Look at an API key, without its secretKey",
        params: apiKeyParams,
        response: { 200: apiKeySchema, ...problemResponses("api_key_not_found") },
      },
    },
    async (request) => {
      readNoQuery(request);
      const { id } = request.params;
      const apiKey = await apiKeys.get(id);
      if (apiKey === null) throw notFound(id);
      return apiKeyView(apiKey);
    },
  );

  app.delete<{ Params: ApiKeyPath }>(
    "/v1/api-keys/:id",
    {
      schema: {
        tags,
        operationId: "deleteApiKey",
        summary: "Revoke an API key for good",
        description:
          "This server refuses at once whatever is signed with it; others on the same database as soon as they hear of it, which takes a moment.",
        params: apiKeyParams,
        response: {
          204: { type: "null", description: "It is gone." },
          ...problemResponses("api_key_not_found", ...writeErrors),
        },
      },
    },
    async (request, reply) => {
      readNoQuery(request);
      const { id } = request.params;
      if (!(await apiKeys.delete(id))) throw notFound(id);
      return reply.code(204).send();
    },
  );

  app.get(
    "/v1/api-keys",
    {
      schema: {
        tags,
        operationId: "listApiKeys",
        summary: "List API keys by id, without their secretKeys",
        querystring: listQuery,
        response: { 200: pageOf(apiKeySchema, "A page of API keys."), ...problemResponses("invalid_cursor") },
      },
    },
    async (request) => pageView(listing, await apiKeys.list(pageRequest(listing, readListQuery(request))), apiKeyView),
  );
}

function pairOf({ secretId, secretKey }: Static<typeof apiKeyBody>): ApiKeyPair | null {
  if (secretId !== undefined && secretKey !== undefined) return { secretId, secretKey };
  if (secretId === undefined && secretKey === undefined) return null;
  const missing = secretId === undefined ? "secretId" : "secretKey";
  throw RingbackError.at("invalid_key", missing, "must be there too; leave both out, and a pair is made");
}

/** Shows the id only where it is one: a secretKey may stand there by mistake. */
function notFound(id: string): RingbackError {
  return new RingbackError("api_key_not_found", isSecretId(id) ? `There is no API key "${id}".` : undefined);
}
