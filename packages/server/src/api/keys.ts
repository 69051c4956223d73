import type { FastifyInstance, FastifyRequest } from "fastify";
import { Type, type Static } from "typebox";
import { type ErrorCode, RingbackError } from "../domain/errors.ts";
import { assertKid } from "../domain/kid-rule.ts";
import { assertKeyFitsUsers, assertKeyUnused } from "../engine/keys/key-users.ts";
import type { KeyDetails } from "../engine/keys/keys.ts";
import type { KeySource } from "../engine/keys/new-key.ts";
import { keyBody, keySchema, keyView, requiredKeySource } from "../shapes/key.ts";
import { pageOfList } from "../shapes/page-cursor.ts";
import { queryReader } from "../shapes/query.ts";
import { listQuery, listRoute } from "../shapes/resource-routes.ts";
import { about, closedObject, keyParams } from "../shapes/schema-parts.ts";
import { shapeReader } from "../shapes/shape-check.ts";
import { accountIdOf } from "./access-gate.ts";
import type { ApiParts } from "./api-parts.ts";
import { resourceRoutes, type Resource, type Target } from "./resource.ts";

export type KeyPath = Static<typeof keyParams>;

const forceQuery = (meaning: string) => closedObject({ force: about(meaning, Type.Optional(Type.Boolean())) });
const deleteQuery = forceQuery("True: delete the key even if subscriptions or hooks use it.");
const putQuery = forceQuery("True: replace the key even if subscriptions or hooks that use it cannot use the new one.");

/** The error code for a wrong member of a body with a key. */
export const keyCodes: Readonly<Record<string, ErrorCode>> = { jwk: "invalid_key", secret: "invalid_key" };

const texts = {
  put: {
    summary: "Store or generate a key, or replace it",
    description:
      "The body has exactly one of `secret`, `generate` and `jwk`. The key is stored encrypted under the server's " +
      "master key. Only the response to `generate` shows the new secret or the public key. A key is replaced at once; " +
      "`POST …/rotate` replaces it with an overlap. A key is not replaced by one that the protocol of a subscription " +
      "or hook that uses it cannot use, unless `force` is true.",
  },
  get: { summary: "Get what is known of a key, without its secret" },
  delete: {
    summary: "Delete a key for good",
    description:
      "A key that subscriptions or hooks use is not deleted unless `force` is true. Then those subscriptions sign with " +
      "their other keys. Without another key their deliveries fail, and calls of the hooks answer `key_not_found`.",
  },
};

type KeyTarget = Target<"key", KeyDetails, KeySource>;

function keyTarget(
  { servicesOf, store }: ApiParts,
  kid: string,
  request: FastifyRequest,
  force: () => boolean,
): KeyTarget {
  const services = servicesOf(accountIdOf(request));
  const { keys } = services;
  const users = { ...services, store };
  /** Runs the check and the write as one step, because the users of the key must not change in between. */
  const afterCheck = <T>(check: () => Promise<void>, write: () => Promise<T>): Promise<T> =>
    keys.uses.run(async () => {
      if (!force()) await check();
      return write();
    });
  return {
    get: () => keys.get(kid),
    put: async (source, condition) => {
      const { jwk, shown } = keys.read(source);
      const written = await afterCheck(
        () => assertKeyFitsUsers(users, kid, jwk),
        () => keys.put(kid, jwk, condition),
      );
      return { ...written, shown };
    },
    delete: (condition) =>
      afterCheck(
        () => assertKeyUnused(users, kid),
        () => keys.delete(kid, condition),
      ),
  };
}

/** No response contains a secret, apart from the one that shows a generated key. No error and no event does. */
export function keyRoutes(app: FastifyInstance, parts: ApiParts): void {
  const readBody = shapeReader(keyBody, { codes: keyCodes });
  const readListQuery = queryReader(listQuery);
  const readForce = queryReader(deleteQuery);
  const resource: Resource<"key", KeyPath, KeyDetails, KeySource> = {
    path: "/v1/keys/:kid",
    noun: "key",
    plural: "keys",
    pathErrors: ["invalid_name", "key_not_found"],
    putQuery,
    putErrors: ["invalid_key", "master_key_missing", "entry_limit", "key_in_use"],
    settingErrors: [],
    params: keyParams,
    view: keySchema,
    texts,
    deleteQuery,
    deleteErrors: ["invalid_request", "key_in_use"],
    shape: { body: keyBody, read: (body) => requiredKeySource(readBody(body)) },
    isBodyOptional: false,
    assertName: ({ kid }) => assertKid("kid", kid),
    at: ({ kid }, request) => keyTarget(parts, kid, request, () => readForce(request).force === true),
    notFound: noKey,
    viewOf: keyView,
  };
  resourceRoutes(app, resource);
  const list = { schema: listRoute(resource, listQuery), config: { access: "read" } } as const;
  app.get("/v1/keys", list, async (request) =>
    pageOfList(
      "keys",
      readListQuery(request),
      (page) => parts.servicesOf(accountIdOf(request)).keys.list(page),
      keyView,
    ),
  );
}

export function noKey({ kid }: KeyPath): RingbackError {
  return new RingbackError("key_not_found", `There is no key "${kid}".`);
}
