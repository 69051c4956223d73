import type { FastifyInstance } from "fastify";
import { RingbackError } from "../domain/errors.ts";
import { assertKid } from "../domain/kid-rule.ts";
import { limits } from "../domain/limits.ts";
import { assertKeyFitsUsers } from "../engine/keys/key-users.ts";
import { everyPage } from "../store/every-page.ts";
import { optionalJson } from "../http/json-body.ts";
import { writeConditionally } from "../http/preconditions.ts";
import {
  keySchema,
  keySetMembers,
  keySetSchema,
  keySourceOf,
  keyView,
  publicKeySchema,
  publicKeyView,
  rotateKeyBody,
} from "../shapes/key.ts";
import { conditionalRoute } from "../shapes/resource-routes.ts";
import { bodyErrors, keyParams, operation, problemResponses } from "../shapes/schema-parts.ts";
import { shapeReader } from "../shapes/shape-check.ts";
import { accountIdOf, callerIfKnown } from "./access-gate.ts";
import type { ApiParts } from "./api-parts.ts";
import { noteWrite } from "./audit-gate.ts";
import { keyCodes, noKey, type KeyPath } from "./keys.ts";
import { sendTagged } from "./resource.ts";

const rotateErrors = ["invalid_key", "master_key_missing", "key_in_use", "rotation_limit"] as const;
const rotateSchema = {
  ...operation("keys", "rotateKey", "Replace a key, with an overlap"),
  description:
    "A new key signs from now on. Until `overlapMs` is over, the replaced key signs beside it: each request of " +
    "`standard-webhooks` has several signatures, the newest first. So every receiver can change its key in the meantime. " +
    "Without `secret`, `generate` or `jwk` the new key has the type and the length of the old one, and the response " +
    `shows it. At most ${limits.previousKeysMax} replaced keys sign beside a key. A hook uses only the newest key. A request that gives the ` +
    "present key changes nothing.",
  ...conditionalRoute(keyParams, keySchema, "invalid_name", "key_not_found", ...rotateErrors, ...bodyErrors),
  body: rotateKeyBody,
};

const publicSchema = {
  ...operation("keys", "getPublicKey", "Get the public half of an Ed25519 key"),
  description: "Give it to receivers, which verify signatures with it. A shared secret has no public half.",
  params: keyParams,
  response: { 200: publicKeySchema, ...problemResponses("invalid_name", "key_not_found", "no_public_key") },
};

const keySetType = "application/jwk-set+json";
const keySetMaxAgeS = 300;
const keySetRoute = {
  ...operation("keys", "getKeySet", "Get all public keys of the account"),
  description: `A request without an API key gets the keys of the default account. Replaced keys that still sign are included. At most ${limits.publicKeysMax} keys.`,
  response: {
    200: {
      description: "The key set.",
      headers: { "cache-control": { type: "string", description: `Such as public, max-age=${keySetMaxAgeS}.` } },
      content: { [keySetType]: { schema: keySetSchema } },
    },
    ...problemResponses(),
  },
};

/** Routes that replace keys, and that show public keys. */
export function keyRotationRoutes(app: FastifyInstance, parts: ApiParts): void {
  rotateRoute(app, parts);
  const forReaders = { schema: publicSchema, config: { access: "read" } } as const;
  app.get<{ Params: KeyPath }>("/v1/keys/:kid/public", forReaders, async (request) => {
    const { params } = request;
    assertKid("kid", params.kid);
    const { keys } = parts.servicesOf(accountIdOf(request));
    const [newest] = await keys.publicKeys(params.kid);
    if (newest !== undefined) return publicKeyView(newest);
    if ((await keys.get(params.kid)) === null) throw noKey(params);
    throw new RingbackError("no_public_key", `The key "${params.kid}" is a shared secret, which has no public half.`);
  });

  const forAll = { schema: keySetRoute, config: { access: "public" } } as const;
  app.get("/.well-known/jwks.json", forAll, async (request, reply) => {
    const caller = await callerIfKnown(parts.access, request);
    const { keys } = parts.servicesOf(caller?.account.id ?? parts.accounts.default.id);
    const members: ReturnType<typeof keySetMembers> = [];
    for await (const page of everyPage((request) => keys.listPublicKeys(request))) {
      members.push(...page.flatMap(keySetMembers));
      if (members.length >= limits.publicKeysMax) break;
    }
    // A response that depends on the caller's account must not be given to others.
    const scope = caller === null || caller.account.id === parts.accounts.default.id ? "public" : "private";
    const headers = { "content-type": keySetType, "cache-control": `${scope}, max-age=${keySetMaxAgeS}` };
    // The key set is sent as bytes, because Fastify would add a charset to the content type.
    return reply.headers(headers).send(Buffer.from(JSON.stringify({ keys: members.slice(0, limits.publicKeysMax) })));
  });
}

function rotateRoute(app: FastifyInstance, parts: ApiParts): void {
  const readBody = shapeReader(rotateKeyBody, { codes: keyCodes });
  const options = { schema: rotateSchema, config: { access: "admin", isBodyOptional: true } } as const;
  app.post<{ Params: KeyPath }>("/v1/keys/:kid/rotate", options, async (request, reply) => {
    const services = parts.servicesOf(accountIdOf(request));
    const { keys } = services;
    const { kid } = request.params;
    assertKid("kid", kid);
    const { overlapMs = limits.keyOverlapMsDefault, ...body } = readBody(optionalJson(request));
    const successor = await keys.successor(kid, keySourceOf(body));
    if (successor === null) throw noKey(request.params);
    const { jwk, shown } = successor;
    const { before, key } = await keys.uses.run(() =>
      writeConditionally(
        request,
        () => keys.get(kid),
        async (before, condition) => {
          await assertKeyFitsUsers({ ...services, store: parts.store }, kid, jwk);
          return { before, key: await keys.rotate(kid, jwk, overlapMs, condition) };
        },
      ),
    );
    if (key === null) throw noKey(request.params);
    noteWrite(request, before, key, keyView);
    return sendTagged(reply, key, keyView(key), shown);
  });
}
