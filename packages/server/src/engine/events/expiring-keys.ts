import { limits } from "../../domain/limits.ts";
import type { AccountId, SubscriptionId, TimeMs } from "../../domain/model.ts";
import { everyPage } from "../../store/every-page.ts";
import type { Store } from "../../store/store.ts";
import type { ServicesOf } from "../account-services.ts";
import type { EventMembers } from "./event-table.ts";

/** Something of an account that expires. */
export interface Expiring {
  readonly accountId: AccountId;
  /** Distinguishes it from everything else of the account that expires. */
  readonly name: string;
  readonly expiresAtMs: TimeMs;
  readonly members: Omit<EventMembers<"key.expiring">, "expiresAt" | "daysLeft">;
}

/** The API keys and the replaced signing keys of an account. */
export async function* expiringKeys(servicesOf: ServicesOf, accountId: AccountId): AsyncGenerator<Expiring> {
  const { apiKeys, keys } = servicesOf(accountId);
  const none = { topic: null, subscription: null };
  for await (const page of everyPage((request) => apiKeys.list(request))) {
    for (const { id, name, expiresAtMs } of page) {
      if (expiresAtMs === null) continue;
      yield { accountId, name: `api-key:${id}`, expiresAtMs, members: { kind: "api-key", id, name, ...none } };
    }
  }
  for await (const page of everyPage((request) => keys.list(request))) {
    for (const { kid, previousUntilMs } of page) {
      for (const expiresAtMs of previousUntilMs) {
        const members = { kind: "signing-key", id: kid, name: null, ...none };
        // A replaced key has no name of its own. Its time differs by milliseconds from read to read.
        const minute = Math.round(expiresAtMs / 60_000);
        yield { accountId, name: `signing-key:${kid}:${minute}`, expiresAtMs, members };
      }
    }
  }
}

/** The client certificates of the subscriptions of all accounts. */
export async function* expiringCertificates({ catalog }: Pick<Store, "catalog">): AsyncGenerator<Expiring> {
  for (let after = 0 as SubscriptionId; ;) {
    const page = await catalog.subscriptionsWithSecrets(after, limits.pageItemsMax);
    for (const { id, accountId, topic, name: subscription, settings } of page) {
      const certificate = settings.push?.tls?.certificate;
      if (certificate === undefined || typeof certificate === "string" || certificate.certificate === undefined) {
        continue;
      }
      const { subject, notAfter, fingerprint } = certificate.certificate;
      yield {
        accountId,
        name: `certificate:${id}`,
        expiresAtMs: Date.parse(notAfter),
        members: { kind: "certificate", id: fingerprint, name: subject, topic, subscription },
      };
    }
    const last = page.at(-1);
    if (last === undefined || page.length < limits.pageItemsMax) return;
    after = last.id;
  }
}
