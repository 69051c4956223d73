import { isSecretId } from "../domain/api-key-rules.ts";
import type { PortalSettings } from "../domain/portal-rules.ts";
import { apiKeyKind } from "../engine/access/account-api-keys.ts";
import type { ApiParts } from "./api-parts.ts";

interface Portal {
  /** The name of the account. */
  readonly account: string;
  readonly portal: PortalSettings | null;
}

/** Returns the portal that a link belongs to, also if the link has expired. null: there is no such link. */
export async function portalOf(
  { store, accounts, servicesOf }: Pick<ApiParts, "store" | "accounts" | "servicesOf">,
  linkId: string,
): Promise<Portal | null> {
  if (!isSecretId(linkId)) return null;
  const found = await store.entries.find(apiKeyKind, linkId);
  if (found === null || !accounts.has(found.accountId)) return null;
  const link = await servicesOf(found.accountId).apiKeys.get(linkId);
  if (link?.isPortal !== true) return null;
  const { name } = accounts.byId(found.accountId);
  const details = await accounts.get(name);
  return { account: name, portal: details?.portal ?? null };
}
