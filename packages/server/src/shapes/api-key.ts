import { Type, type Static } from "typebox";
import { secretIdPrefix } from "../domain/api-key-rules.ts";
import { limits } from "../domain/limits.ts";
import type { ApiKeyDetails, ApiKeyPair } from "../engine/keys/api-keys.ts";
import { about, changeTimes, changeTimesView, closed, closedObject, describedObject } from "./schema-parts.ts";

const name = about(
  `A name for people, of 1 to ${limits.apiKeyNameCharsMax} characters. It need not be unique.`,
  Type.String({ examples: ["billing, production"] }),
);
const secretId = about(
  `Sent with every signed request: ${secretIdPrefix}, then letters, digits, "-" and "_", at most ${limits.secretIdCharsMax} characters.`,
  Type.String({ examples: ["AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA"] }),
);
const secretKey = about(
  `Signs requests, and is never sent: ${limits.secretBytesMin} to ${limits.secretBytesMax} printable ASCII characters, without spaces.`,
  Type.String({ examples: ["Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"] }),
);

export const apiKeyBody = Type.Object(
  { name, secretId: Type.Optional(secretId), secretKey: Type.Optional(secretKey) },
  {
    ...closed,
    description:
      "Without `secretId` and `secretKey` a new pair is created; with both of them an existing pair is imported.",
    examples: [{ name: "billing, production" }],
  },
);

/**
 * In the configuration file the name is the YAML key, so the body has no name. Both halves of the pair are required,
 * because a new pair at every start would be useless.
 */
export const declaredApiKeyBody = closedObject({ secretId, secretKey });

const members = {
  id: about("The secretId.", Type.String({ examples: ["AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA"] })),
  name,
  secretId,
  usable: about(
    "false: it is encrypted under a master key that the server does not have, so that requests signed with it are refused.",
    Type.Boolean(),
  ),
  ...changeTimes,
};

export const apiKeySchema = describedObject("The API key, without its secretKey.", members);
export const newApiKeySchema = closedObject({ ...members, secretKey });

export function apiKeyView({ id, name, usable, ...times }: ApiKeyDetails): Static<typeof apiKeySchema> {
  return { id, name, secretId: id, usable, ...changeTimesView(times) };
}

export function newApiKeyView(apiKey: ApiKeyDetails, { secretKey }: ApiKeyPair): Static<typeof newApiKeySchema> {
  return { ...apiKeyView(apiKey), secretKey };
}
