import { expect } from "vitest";
import type { AccountId } from "../../domain/model.ts";
import { auditDeletedMax, auditExaminedMax, auditIdOf, type AuditFilter, type AuditRecord } from "../audit.ts";
import { HOUR_MS } from "./fixtures.ts";
import type { StoreUnderTest } from "./harness.ts";
import type { Part } from "./part.ts";
import { retainAll, total } from "./retain-fixtures.ts";

const all = { after: null, limit: 200 };
let accounts = 1_000_000;
/** Records belong to any account, also to one that is deleted by now. */
const newAccount = (): AccountId => accounts++ as AccountId;

function record(accountId: AccountId, atMs: number, given: Partial<AuditRecord> = {}): AuditRecord {
  const id = auditIdOf(atMs, Math.floor(Math.random() * 2 ** 47));
  return { id, accountId, atMs, who: "anyone", action: "putTopic", target: "topics/a", details: null, ...given };
}

async function listed({ store }: StoreUnderTest, accountId: AccountId, filter: AuditFilter = {}) {
  const { items, next } = await store.audit.list(accountId, filter, all);
  expect(next).toBeNull();
  return items;
}

export function auditContract({ promise, shared }: Part): void {
  promise("keeps records of changes over a crash, newest first, and apart from those of other accounts", async () => {
    const [account, other] = [newAccount(), newAccount()];
    const details = { before: null, after: { "": "é\u0000\uD800'", list: [1, true] } };
    const records = [record(account, 1_000, { details }), record(account, 3_000), record(account, 2_000)];
    await shared().store.audit.append([...records, record(other, 2_000)]);
    await shared().crash();
    expect(await listed(shared(), account)).toEqual([records[1], records[2], records[0]]);
    expect(await listed(shared(), newAccount())).toEqual([]);
  });

  promise("writes all records of a call or none", async () => {
    const account = newAccount();
    const [one, two] = [record(account, 1), record(account, 2)];
    await shared().store.audit.append([one]);
    await expect(shared().store.audit.append([two, one])).rejects.toThrow(Error);
    expect(await listed(shared(), account)).toEqual([one]);
  });

  promise("selects records by time, author, action and target", async () => {
    const account = newAccount();
    const records = [
      record(account, 10, { who: "AKID1", target: "topics/a" }),
      record(account, 20, { who: "AKID2", target: "topics/a/subscriptions/s", action: "deleteSubscription" }),
      record(account, 30, { who: "AKID1", target: "topics/ab" }),
      record(account, 40, { who: "AKID2", target: "topics/%" }),
    ] as const;
    const [first, second, third, fourth] = records;
    await shared().store.audit.append(records);
    const select = (filter: AuditFilter) => listed(shared(), account, filter);
    expect(await select({ fromMs: 20, toMs: 40 })).toEqual([third, second]);
    expect(await select({ toMs: 10 })).toEqual([]);
    expect(await select({ fromMs: 2 ** 52 })).toEqual([]);
    expect(await select({ who: "AKID2" })).toEqual([fourth, second]);
    expect(await select({ action: "deleteSubscription" })).toEqual([second]);
    expect(await select({ target: "topics/a" })).toEqual([second, first]);
    expect(await select({ target: "topics/%" })).toEqual([fourth]);
    expect(await select({ target: "" })).toEqual([]);
    expect(await select({ fromMs: 10, toMs: 41, who: "AKID1", action: "putTopic", target: "topics" })).toEqual([
      third,
      first,
    ]);
  });

  promise("lists records in pages, also records of one millisecond", async () => {
    const account = newAccount();
    const records = Array.from({ length: 7 }, (_, n) => record(account, 5, { id: auditIdOf(5, n) }));
    await shared().store.audit.append(records);
    const found: AuditRecord[] = [];
    let after: string | null = null;
    do {
      const page = await shared().store.audit.list(account, { target: "topics" }, { after, limit: 3 });
      found.push(...page.items);
      after = page.next;
    } while (after !== null);
    expect(found).toEqual(records.toReversed());
  });

  promise("examines a bounded number of records for a page, and continues after them", async () => {
    const account = newAccount();
    const sought = [record(account, 1, { target: "sought" }), record(account, 2, { target: "sought" })];
    const others = Array.from({ length: auditExaminedMax }, (_, n) => record(account, 10 + n));
    await shared().store.audit.append([...sought, ...others]);
    const list = (after: string | null) => shared().store.audit.list(account, { target: "sought" }, { ...all, after });
    const first = await list(null);
    expect(first).toEqual({ items: [], next: others[0]?.id });
    expect(await list(first.next)).toEqual({ items: sought.toReversed(), next: null });
  });

  promise("refuses a position in the records that it has not returned", async () => {
    for (const after of ["", "1", "x".repeat(24), `${"0".repeat(24)}\u0000`]) {
      const listing = shared().store.audit.list(newAccount(), {}, { after, limit: 1 });
      await expect(listing).rejects.toMatchObject({ code: "invalid_cursor" });
    }
  });

  promise("deletes the records of one account in bounded steps", async () => {
    const { audit } = shared().store;
    const [account, other] = [newAccount(), newAccount()];
    const kept = record(other, 1);
    await audit.append([kept, ...Array.from({ length: auditDeletedMax + 1 }, (_, n) => record(account, n))]);
    expect(await audit.deleteSome(account)).toBe(true);
    expect(await listed(shared(), account)).toHaveLength(1);
    expect(await audit.deleteSome(account)).toBe(false);
    expect(await listed(shared(), account)).toEqual([]);
    expect(await listed(shared(), other)).toEqual([kept]);
  });
}

export function auditRetentionContract({ promise, fresh }: Part): void {
  promise("removes records of changes past their own retention, in bounded steps", async () => {
    await fresh(
      async (under) => {
        const { store, clock } = under;
        const account = newAccount();
        const startMs = clock.wall();
        const old = Array.from({ length: auditDeletedMax + 5 }, () => record(account, startMs));
        const young = record(account, startMs + 1);
        await store.audit.append([...old, young]);
        clock.advance(HOUR_MS);
        expect(total(await retainAll(under), "auditRecords")).toBe(0);
        clock.advance(1);
        expect(total(await retainAll(under), "auditRecords")).toBe(old.length);
        expect(await listed(under, account)).toEqual([young]);
      },
      { auditRetentionMs: HOUR_MS },
    );
  });
}
