import { Type, type Static } from "typebox";
import { secretIdPrefix } from "../domain/api-key-rules.ts";
import { limits } from "../domain/limits.ts";
import { RingbackError } from "../domain/errors.ts";
import { roles } from "../domain/access-rules.ts";
import { grantDefault } from "../engine/access/account-api-keys.ts";
import type { ApiKeyDetails, ApiKeySettings, NewApiKey } from "../engine/access/api-keys.ts";
import {
  about,
  changeTimes,
  changeTimesView,
  closed,
  describedShape,
  namedShape,
  nullable,
  timeSchema,
  whole,
} from "./schema-parts.ts";
import { optional } from "./settings.ts";
import { optionalTimeText, parseTime, timeFault } from "./time-text.ts";

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

/** The settings of a key besides its name. */
const grant = {
  role: about(
    "What the key allows. `operator`: everything, in every account. `admin`: everything in one account. `publish`: publish " +
      "messages. `consume`: pull and acknowledge messages, call hooks, take messages from inboxes. `read`: look, and change nothing.",
    optional(Type.Enum([...roles]), grantDefault.role),
  ),
  topics: about(
    "The key is valid for topics with these names only; `*` stands for any characters. null: for everything in the account.",
    optional(
      nullable(Type.Array(Type.String({ examples: ["orders*"] }), { minItems: 1, maxItems: limits.apiKeyTopicsMax })),
      null,
    ),
  ),
  allAccounts: about(
    "true: a request with the key may name any account in the header `Ringback-Account`. Always true for operators, and only " +
      "operators can create such keys.",
    optional(nullable(Type.Boolean()), null),
  ),
  expiresAt: about(
    "The key is not valid from this time on. null: the key does not expire.",
    optional(nullable(Type.String({ examples: ["2027-01-31T00:00:00Z"] })), null),
  ),
};

export const apiKeyBody = Type.Object(
  { name, ...grant, secretId: Type.Optional(secretId), secretKey: Type.Optional(secretKey) },
  {
    ...closed,
    title: "ApiKeySettings",
    description:
      "Without `secretId` and `secretKey` a new pair is created; with both of them an existing pair is imported.",
    examples: [{ name: "billing, production", role: "publish", topics: ["orders*"] }],
  },
);

/**
 * In the configuration file the name is the YAML key, so the body has no name. Both halves of the pair are required,
 * because a new pair at every start would be useless.
 */
export const declaredApiKeyBody = Type.Object({ ...grant, secretId, secretKey }, closed);

type GivenGrant = Pick<Static<typeof apiKeyBody>, keyof typeof grant>;

/** Throws `invalid_request`. */
export function apiKeySettings(name: string, given: GivenGrant): ApiKeySettings {
  const { role = grantDefault.role, topics = null, allAccounts = null, expiresAt = null } = given;
  const expiresAtMs = expiresAt === null ? null : parseTime(expiresAt);
  if (expiresAt !== null && expiresAtMs === null) throw RingbackError.at("invalid_request", "expiresAt", timeFault);
  return { name, role, topics, allAccounts: allAccounts ?? role === "operator", expiresAtMs };
}

export const rotateApiKeyBody = namedShape("ApiKeyRotation", {
  overlapMs: about(
    "How long the old key stays valid, in milliseconds.",
    Type.Optional(whole(0, limits.apiKeyOverlapMsMax, { default: 0 })),
  ),
});

const members = {
  id: about("The secretId.", Type.String({ examples: ["AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA"] })),
  name,
  role: Type.Enum([...roles]),
  topics: nullable(Type.Array(Type.String())),
  allAccounts: Type.Boolean(),
  expiresAt: nullable(timeSchema("The key is not valid from this time on.")),
  lastUsedAt: nullable(timeSchema("The last use, exact to a minute.")),
  secretId,
  usable: about(
    "false: it is encrypted under a master key that the server does not have, so that requests signed with it are refused.",
    Type.Boolean(),
  ),
  ...changeTimes,
};

export const apiKeySchema = describedShape("ApiKey", "The API key, without its secretKey.", members);
export const newApiKeySchema = namedShape("NewApiKey", {
  ...members,
  token: about(
    "Sent with requests as `Authorization: Bearer …`. Shown only once; null: the key existed already.",
    nullable(
      Type.String({ examples: ["rbk_z8krbsJ5yKBZQpn74WFkmLPx3gnPhESA_Gu5t9xGARNpq86cd98joQYCN3EXAMPLE0Kq2xz"] }),
    ),
  ),
  secretKey,
});

export function apiKeyView(apiKey: ApiKeyDetails): Static<typeof apiKeySchema> {
  const { id, name, role, topics, allAccounts, expiresAtMs, lastUsedAtMs, usable } = apiKey;
  const granted = { role, topics: topics === null ? null : [...topics], allAccounts };
  const times = { expiresAt: optionalTimeText(expiresAtMs), lastUsedAt: optionalTimeText(lastUsedAtMs) };
  return { id, name, ...granted, ...times, secretId: id, usable, ...changeTimesView(apiKey) };
}

export function newApiKeyView({ apiKey, pair, token }: NewApiKey): Static<typeof newApiKeySchema> {
  return { ...apiKeyView(apiKey), token, secretKey: pair.secretKey };
}
