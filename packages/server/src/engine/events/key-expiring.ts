import type { AccountId, TimeMs } from "../../domain/model.ts";
import { AccountEntries } from "../../store/account-entries.ts";
import { everyPage } from "../../store/every-page.ts";
import type { ServicesOf } from "../account-services.ts";
import type { EngineServices } from "../services.ts";
import type { EventMessages } from "./event-messages.ts";
import { expiringCertificates, expiringKeys, type Expiring } from "./expiring-keys.ts";

/** The kind of the entries with the last notice about each key. */
const noticeKind = "expiry-notice";

interface Notice {
  readonly expiresAtMs: TimeMs;
  readonly daysLeft: number;
}

const dayMs = 24 * 3600_000;
/** The days before the expiry at which a notice is published. */
const stages = [14, 3, 0];
/** A key that has expired before this time gets no notice, such as one that expired before the server kept notices. */
const lateMsMax = 14 * dayMs;

export interface ExpiryCheckOptions extends Pick<EngineServices, "store" | "clock"> {
  readonly messages: EventMessages;
  readonly accountIds: () => Iterable<AccountId>;
  readonly servicesOf: ServicesOf;
}

/**
 * Returns a check that reports keys that expire. An entry of the store remembers the last notice about each key, so
 * that a notice is not repeated after a restart or by another node. Two nodes that report at the same time use the same
 * idempotency key. The check returns the time until the next notice.
 */
export function expiryCheck({ store, clock, messages, accountIds, servicesOf }: ExpiryCheckOptions) {
  return async (): Promise<number> => {
    const wallMs = clock.wall();
    const found = new Map<AccountId, Set<string>>();
    let nextMs = Infinity;
    for await (const expiring of everything()) {
      const names = found.get(expiring.accountId) ?? new Set();
      found.set(expiring.accountId, names.add(expiring.name));
      await notify(expiring, wallMs);
      nextMs = Math.min(nextMs, untilNextStage(expiring, wallMs));
    }
    for (const accountId of accountIds()) await forgetOthers(accountId, found.get(accountId) ?? new Set());
    return nextMs;
  };

  async function* everything(): AsyncGenerator<Expiring> {
    for (const accountId of accountIds()) yield* expiringKeys(servicesOf, accountId);
    yield* expiringCertificates(store);
  }

  async function notify({ accountId, name, expiresAtMs, members }: Expiring, wallMs: TimeMs): Promise<void> {
    const leftMs = expiresAtMs - wallMs;
    const daysLeft = stages.findLast((days) => leftMs <= days * dayMs);
    if (daysLeft === undefined || leftMs < -lateMsMax) return;
    const notices = new AccountEntries<Notice>(store, accountId, noticeKind);
    const last = (await notices.get(name))?.value;
    const isSame = last !== undefined && Math.abs(last.expiresAtMs - expiresAtMs) < 60_000;
    if (isSame && last.daysLeft <= daysLeft) return;
    const expiresAt = new Date(expiresAtMs).toISOString();
    messages.add({
      type: "key.expiring",
      accountId,
      at: wallMs,
      members: { ...members, expiresAt, daysLeft },
      key: `key.expiring ${name} ${Math.round(expiresAtMs / 60_000)} ${daysLeft}`,
    });
    await notices.put(name, { expiresAtMs, daysLeft });
  }

  /** Removes the notices about keys that exist no more. */
  async function forgetOthers(accountId: AccountId, names: ReadonlySet<string>): Promise<void> {
    const notices = new AccountEntries<Notice>(store, accountId, noticeKind);
    for await (const page of everyPage((request) => notices.list(request, ({ name }) => name))) {
      for (const name of page) if (!names.has(name)) await notices.delete(name);
    }
  }
}

function untilNextStage({ expiresAtMs }: Expiring, wallMs: TimeMs): number {
  const waits = stages.map((days) => expiresAtMs - days * dayMs - wallMs).filter((waitMs) => waitMs > 0);
  return Math.min(Infinity, ...waits);
}
