import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { optionalJson } from "../http/json-body.ts";
import { decodeCursor, encodeCursor } from "../shapes/page-cursor.ts";
import {
  about,
  bodyErrors,
  bodyShape,
  closedObject,
  describedShape,
  nullable,
  operation,
  problemResponses,
  writeErrors,
} from "../shapes/schema-parts.ts";
import { shapeReader } from "../shapes/shape-check.ts";
import type { ApiParts } from "./api-parts.ts";
import { noteChange } from "./audit-gate.ts";

const body = bodyShape("MasterKeyRotation", [{}], {
  after: about("The `next` of the step before. Left out: the rotation begins.", Type.Optional(Type.String())),
});

const stepSchema = describedShape("MasterKeyRotationStep", "One step of the rotation.", {
  masterKid: about("Identifies the master key that encrypts from now on.", Type.String({ examples: ["4h1fVc9Qx3g"] })),
  newKey: about("True: this step has made the master key, in the data folder.", Type.Boolean()),
  resealed: about(
    "How many resources have secrets that this step has encrypted again.",
    closedObject({
      keys: Type.Integer(),
      apiKeys: Type.Integer(),
      inboxes: Type.Integer(),
      hooks: Type.Integer(),
      subscriptions: Type.Integer(),
    }),
  ),
  next: about("Pass it as `after` to continue; null: all secrets are done.", nullable(Type.String())),
});

const schema = {
  ...operation("keys", "rotateMasterKey", "Encrypt all secrets of all accounts with another master key, step by step"),
  description:
    "Encrypts every stored secret with the first master key again: keys, API keys, and the secrets of inboxes, hooks and " +
    "subscriptions. " +
    "A server with a SQLite database and without a configured master key first makes a new one, and keeps the old file " +
    "beside it. Other servers use the first key of their configuration. Repeat the request with `after` until `next` is " +
    "null. A rotation that was interrupted may begin again.",
  body,
  response: {
    200: stepSchema,
    ...problemResponses("master_key_missing", "invalid_cursor", ...bodyErrors, ...writeErrors),
  },
};

const listing = "rotate-master";

/** A route for operators, because master keys are the same for all accounts. */
export function masterKeyRoute(app: FastifyInstance, { masterKeyRotation }: Pick<ApiParts, "masterKeyRotation">): void {
  const readBody = shapeReader(body);
  const options = { schema, config: { access: "operator", isBodyOptional: true } } as const;
  app.post("/v1/keys/rotate-master", options, async (request) => {
    const { after } = readBody(optionalJson(request));
    const step = await masterKeyRotation.step(after === undefined ? null : decodeCursor(listing, after));
    const { masterKid, isNewKey: newKey, resealed, next } = step;
    noteChange(request, { target: "keys", after: { masterKid, newKey, resealed } });
    return { masterKid, newKey, resealed, next: next === null ? null : encodeCursor(listing, next) };
  });
}
