import type { FastifyInstance } from "fastify";
import type { Static } from "typebox";
import { isSecretId } from "../domain/api-key-rules.ts";
import { RingbackError } from "../domain/errors.ts";
import { assertMay, type Caller } from "../engine/access/access.ts";
import type { ApiKeyDetails, ApiKeyPair, ApiKeySettings } from "../engine/access/api-keys.ts";
import { listKeys } from "../engine/access/portal-links.ts";
import { jsonBody, optionalJson } from "../http/json-body.ts";
import {
  apiKeyBody,
  apiKeySchema,
  apiKeySettings,
  apiKeyView,
  newApiKeySchema,
  newApiKeyView,
  rotateApiKeyBody,
} from "../shapes/api-key.ts";
import { pageOfList } from "../shapes/page-cursor.ts";
import { queryReader } from "../shapes/query.ts";
import { listQuery } from "../shapes/resource-routes.ts";
import { apiKeyParams, bodyErrors, operation, pageOf, problemResponses, writeErrors } from "../shapes/schema-parts.ts";
import { shapeReader } from "../shapes/shape-check.ts";
import { accountIdOf, callerOf, type RequestTo } from "./access-gate.ts";
import type { ApiParts } from "./api-parts.ts";
import { noteChange } from "./audit-gate.ts";

type ApiKeyPath = Static<typeof apiKeyParams>;

const path = "/v1/api-keys/:id";

const getSchema = {
  ...operation("api keys", "getApiKey", "Get an API key, without its secretKey"),
  params: apiKeyParams,
  response: { 200: apiKeySchema, ...problemResponses("api_key_not_found") },
};
const deleteSchema = {
  ...operation("api keys", "deleteApiKey", "Revoke an API key for good"),
  description:
    "This server refuses requests that are signed with it from now on; other servers of the same database do so a moment later.",
  params: apiKeyParams,
  response: {
    204: { type: "null", description: "The API key is deleted." },
    ...problemResponses("api_key_not_found", ...writeErrors),
  },
};
const listSchema = {
  ...operation("api keys", "listApiKeys", "List API keys by id, without their secretKeys"),
  querystring: listQuery,
  response: { 200: pageOf(apiKeySchema, "A page of API keys."), ...problemResponses("invalid_cursor") },
};
const createErrors = ["invalid_name", "invalid_key", "api_key_exists", "master_key_missing", "entry_limit"] as const;
const createSchema = {
  ...operation("api keys", "createApiKey", "Create an API key, or import one"),
  description: "The API key is stored encrypted under the server's master key. Only this answer holds its secretKey.",
  body: apiKeyBody,
  response: {
    200: { ...newApiKeySchema, description: "The same pair existed already; it has the given name now." },
    201: { ...newApiKeySchema, description: "The API key was created, and requests can be signed with it at once." },
    ...problemResponses(...createErrors, ...bodyErrors, ...writeErrors),
  },
};

const rotateSchema = {
  ...operation("api keys", "rotateApiKey", "Replace an API key"),
  description: "The new key has the settings of the old one. The old key expires after the given time.",
  params: apiKeyParams,
  body: rotateApiKeyBody,
  response: {
    201: { ...newApiKeySchema, description: "The new API key." },
    ...problemResponses("api_key_not_found", "master_key_missing", "entry_limit", ...bodyErrors, ...writeErrors),
  },
};

const [see, change] = [{ access: "read" }, { access: "admin" }] as const;

/**
 * The secretKey and the token of an API key are shown only in the response to the key's creation, and in no other
 * response, error or event.
 */
export function apiKeyRoutes(app: FastifyInstance, { servicesOf, clock }: ApiParts): void {
  const readBody = shapeReader(apiKeyBody, { codes: { secretId: "invalid_key", secretKey: "invalid_key" } });
  const readRotateBody = shapeReader(rotateApiKeyBody);
  const readListQuery = queryReader(listQuery);
  const apiKeysOf = (request: RequestTo<unknown>) => servicesOf(accountIdOf(request)).apiKeys;

  app.post("/v1/api-keys", { schema: createSchema, config: change }, async (request, reply) => {
    const body = readBody(jsonBody(request));
    const settings = apiKeySettings(body.name, body);
    const pair = pairOf(body);
    assertMayCreate(callerOf(request), settings, pair);
    const apiKeys = apiKeysOf(request);
    const before = pair && (await apiKeys.get(pair.secretId));
    const made = await apiKeys.create(settings, pair);
    const target = `api-keys/${made.apiKey.id}`;
    noteChange(request, { target, before: before && apiKeyView(before), after: apiKeyView(made.apiKey) });
    reply.code(made.created ? 201 : 200).header("cache-control", "no-store");
    return newApiKeyView(made);
  });

  app.post<{ Params: ApiKeyPath }>(
    `${path}/rotate`,
    { schema: rotateSchema, config: { ...change, isBodyOptional: true } },
    async (request, reply) => {
      const { id } = request.params;
      const { overlapMs = 0 } = readRotateBody(optionalJson(request));
      const before = await changeable(request, id);
      const made = await apiKeysOf(request).rotate(id, clock.wall(), overlapMs);
      if (made === null) throw notFound(id);
      noteChange(request, { before: apiKeyView(before), after: apiKeyView(made.apiKey) });
      reply.code(201).header("cache-control", "no-store");
      return newApiKeyView(made);
    },
  );

  app.get<{ Params: ApiKeyPath }>(path, { schema: getSchema, config: see }, async (request) => {
    const { id } = request.params;
    return apiKeyView(await existing(request, id));
  });

  app.delete<{ Params: ApiKeyPath }>(path, { schema: deleteSchema, config: change }, async (request, reply) => {
    const { id } = request.params;
    const before = await changeable(request, id);
    if (!(await apiKeysOf(request).delete(id))) throw notFound(id);
    noteChange(request, { before: apiKeyView(before) });
    return reply.code(204).send();
  });

  app.get("/v1/api-keys", { schema: listSchema, config: see }, async (request) =>
    pageOfList("api-keys", readListQuery(request), (page) => listKeys(apiKeysOf(request), false, page), apiKeyView),
  );

  /** Returns the key. The key of a portal link is not among the API keys. */
  async function existing(request: RequestTo<ApiKeyPath>, id: string): Promise<ApiKeyDetails> {
    const apiKey = await apiKeysOf(request).get(id);
    if (apiKey === null || apiKey.isPortal === true) throw notFound(id);
    return apiKey;
  }

  /**
   * Returns the key, which the request may replace or revoke. An administrator of the default account must not get an
   * operator's key, or revoke one.
   */
  async function changeable(request: RequestTo<ApiKeyPath>, id: string): Promise<ApiKeyDetails> {
    const apiKey = await existing(request, id);
    assertMayCreate(callerOf(request), apiKey, null);
    return apiKey;
  }
}

/**
 * Only operators may create or revoke keys that are valid for all accounts. SecretIds are unique over all accounts, so
 * only operators may choose one. Throws `forbidden`.
 */
function assertMayCreate(caller: Caller, { role, allAccounts }: ApiKeySettings, pair: ApiKeyPair | null): void {
  if (role !== "operator" && !allAccounts && pair === null) return;
  assertMay(caller, "operator");
}

function pairOf({ secretId, secretKey }: Static<typeof apiKeyBody>): ApiKeyPair | null {
  if (secretId !== undefined && secretKey !== undefined) return { secretId, secretKey };
  if (secretId === undefined && secretKey === undefined) return null;
  const missing = secretId === undefined ? "secretId" : "secretKey";
  const advice = "is missing; give both of secretId and secretKey, or neither to get a new pair";
  throw RingbackError.at("invalid_key", missing, advice);
}

/**
 * The error shows the id only if the id has the form of a SecretId, because a client may have sent a secretKey by
 * mistake.
 */
function notFound(id: string): RingbackError {
  return new RingbackError("api_key_not_found", isSecretId(id) ? `There is no API key "${id}".` : undefined);
}
