import { Type, type Static } from "typebox";
import { limits } from "../domain/limits.ts";
import type { PortalSettings } from "../domain/portal-rules.ts";
import type { ApiKeyDetails } from "../engine/access/api-keys.ts";
import { about, describedShape, namedShape, nullable, timeSchema, whole } from "./schema-parts.ts";
import { optional } from "./settings.ts";
import { optionalTimeText } from "./time-text.ts";

const role = Type.Enum(["admin", "read"]);

export const portalLinkBody = namedShape("PortalLinkSettings", {
  role: about(
    "`admin`: the holder looks after the account's endpoints. `read`: the holder changes nothing.",
    optional(role, "admin"),
  ),
  expiresInS: about(
    "How long the link is valid, in seconds.",
    optional(whole(limits.portalLinkSMin, limits.portalLinkSMax), limits.portalLinkSDefault),
  ),
  topics: about(
    "The link shows topics with these names only; `*` stands for any characters. null: everything in the account.",
    optional(
      nullable(Type.Array(Type.String({ examples: ["orders*"] }), { minItems: 1, maxItems: limits.apiKeyTopicsMax })),
      null,
    ),
  ),
  name: about(
    `A name for people, such as that of the user who gets the link; at most ${limits.apiKeyNameCharsMax} characters.`,
    optional(Type.String({ examples: ["anna@acme.example"] }), "portal link"),
  ),
});

const members = {
  id: about("Names the link; it is no secret.", Type.String({ examples: ["AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA"] })),
  name: Type.String(),
  role,
  topics: nullable(Type.Array(Type.String())),
  expiresAt: timeSchema("The link is not valid from this time on."),
};

export const portalLinkSchema = describedShape("PortalLink", "The link, without its secret.", members);
export const newPortalLinkSchema = describedShape("NewPortalLink", "The link. Its URL is shown only once.", {
  ...members,
  url: about(
    "Opens the page. The secret is in the fragment, which browsers send to no server.",
    Type.String({ examples: ["https://ringback.example.com/ui/portal/AKIDz8krbsJ5yKBZQpn74WF#token=rbk_…"] }),
  ),
});

export function portalLinkView({
  id,
  name,
  role,
  topics,
  expiresAtMs,
}: ApiKeyDetails): Static<typeof portalLinkSchema> {
  const shown = role === "read" ? "read" : "admin";
  return { id, name, role: shown, topics: topics && [...topics], expiresAt: optionalTimeText(expiresAtMs) ?? "" };
}

export const portalBrandingSchema = describedShape("PortalBranding", "The branding of the page that the link opens.", {
  account: Type.String(),
  name: Type.String(),
  logo: nullable(Type.String()),
  accent: nullable(Type.String()),
  accentDark: nullable(Type.String()),
});

export function portalBrandingView(
  account: string,
  portal: PortalSettings | null,
): Static<typeof portalBrandingSchema> {
  const { name = "", logo = null, accent = null, accentDark = null } = portal ?? {};
  return { account, name: name === "" ? account : name, logo, accent, accentDark };
}
