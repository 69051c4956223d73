import { Type } from "typebox";
import type { Static } from "typebox";
import { secretIdPrefix } from "../domain/api-key-rules.ts";
import { limits } from "../domain/limits.ts";
import type { ApiKeyDetails, ApiKeyPair } from "../engine/keys/api-keys.ts";
import { timeText as timeSchema } from "./schema-parts.ts";
import { timeText } from "./time-text.ts";

const closed = { additionalProperties: false };

const name = Type.String({
  description: `What people call it: 1 to ${limits.apiKeyNameCharsMax} characters. Need not be unique.`,
  examples: ["billing, production"],
});
const secretId = Type.String({
  description: `Goes with every signed request: ${secretIdPrefix} and then letters, digits, "-" and "_", at most ${limits.secretIdCharsMax} characters.`,
  examples: ["AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA"],
});
const secretKey = Type.String({
  description: `What requests are signed with: ${limits.secretBytesMin} to ${limits.secretBytesMax} characters of printable ASCII, without spaces.`,
  examples: ["Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"],
});

export const apiKeyBody = Type.Object(
  { name, secretId: Type.Optional(secretId), secretKey: Type.Optional(secretKey) },
  {
    ...closed,
    description:
      "With `secretId` and `secretKey` a program keeps the pair that it has; without either a new one is made.",
    examples: [{ name: "billing, production" }],
  },
);

/** Of the configuration file, where the name stands before it: a pair that was made anew with every start would be of no use. */
export const declaredApiKeyBody = Type.Object({ secretId, secretKey }, closed);

const members = {
  id: Type.String({ description: "Its secretId.", examples: ["AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA"] }),
  name,
  secretId,
  usable: Type.Boolean({
    description:
      "false: it was made under a master key that the server does not have now, and what is signed with it is refused.",
  }),
  createdAt: timeSchema("When it was made."),
  updatedAt: timeSchema("When it was last changed."),
};

export const apiKeySchema = Type.Object(members, {
  ...closed,
  description: "What may be told about the API key. Its secretKey is never given out again.",
});
export const newApiKeySchema = Type.Object({ ...members, secretKey }, closed);

export function apiKeyView({ id, name, usable, createdAtMs, updatedAtMs }: ApiKeyDetails): Static<typeof apiKeySchema> {
  return { id, name, secretId: id, usable, createdAt: timeText(createdAtMs), updatedAt: timeText(updatedAtMs) };
}

export function newApiKeyView(apiKey: ApiKeyDetails, { secretKey }: ApiKeyPair): Static<typeof newApiKeySchema> {
  return { ...apiKeyView(apiKey), secretKey };
}
