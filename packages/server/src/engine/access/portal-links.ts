import type { TimeMs } from "../../domain/model.ts";
import { everyPage } from "../../store/every-page.ts";
import type { Page, PageRequest } from "../../store/page.ts";
import type { AccountApiKeys } from "./account-api-keys.ts";
import type { ApiKeyDetails } from "./api-keys.ts";

/** Expired links stay for this time, so that their page can still be shown in the customer's colours. */
const keptMs = 24 * 3600_000;
/** Pages that a list reads at most for one page of its own. Each has at least one key of the other kind. */
const pagesReadMax = 20;

type Keys = Pick<AccountApiKeys, "list" | "delete">;

/** Returns a page of the keys of portal links, or of all other keys. Pages are short where the two kinds alternate. */
export async function listKeys(keys: Keys, isPortal: boolean, page: PageRequest): Promise<Page<ApiKeyDetails>> {
  const items: ApiKeyDetails[] = [];
  let after = page.after;
  for (let read = 0; read < pagesReadMax; read++) {
    const found = await keys.list({ ...page, limit: page.limit - items.length, after });
    items.push(...found.items.filter((key) => (key.isPortal ?? false) === isPortal));
    after = found.next;
    if (after === null || items.length === page.limit) break;
  }
  return { items, next: after };
}

/** Deletes the keys of links that expired a day ago. Called when a link is created, so the list cannot only grow. */
export async function removeExpiredLinks(keys: Keys, nowMs: TimeMs): Promise<void> {
  for await (const page of everyPage((request) => keys.list(request))) {
    for (const { id, isPortal = false, expiresAtMs } of page) {
      if (isPortal && expiresAtMs !== null && expiresAtMs < nowMs - keptMs) await keys.delete(id);
    }
  }
}
