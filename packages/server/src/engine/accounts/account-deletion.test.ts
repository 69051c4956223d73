import { expect, onTestFinished, test } from "vitest";
import type { AccountId } from "../../domain/model.ts";
import type { Store } from "../../store/store.ts";
import { systemClock, systemTimers } from "../../domain/ports.ts";
import { eventually, message, settings, topicSettings } from "../../store/contract/fixtures.ts";
import { auditDeletedMax, auditIdOf } from "../../store/audit.ts";
import { MemoryStore } from "../../store/memory/memory-store.ts";
import { engineLimits } from "../engine-limits.ts";
import { AccountDeletion } from "./account-deletion.ts";
import { settingsDefault } from "./account-settings.ts";
import { Accounts } from "./accounts.ts";

function failed(error: unknown): void {
  throw error;
}

/** Real: the accounts and their deletion, on the memory driver. */
async function node(store: Store): Promise<{ accounts: Accounts; deletion: AccountDeletion }> {
  const accounts = new Accounts({ store, randomInt: () => 0, failed });
  await accounts.start();
  const deletion = new AccountDeletion({ store, accounts, timers: systemTimers, failed });
  onTestFinished(() => deletion.stop());
  return { accounts, deletion };
}

async function fill(store: Store, accounts: Accounts, name: string): Promise<AccountId> {
  const { accountId } = (await accounts.put(name, settingsDefault)).account;
  const { catalog, entries, log } = store;
  for (let count = 0; count < engineLimits.accountDeletionStep + 1; count++) {
    await catalog.putTopic(accountId, `topic-${count}`, topicSettings());
    await entries.put(accountId, "hook", `hook-${count}`, {});
  }
  const { topic } = await catalog.putTopic(accountId, "inbox:parcels", topicSettings());
  await catalog.putSubscription(topic.id, "inbox:parcels", settings(), "now");
  await log.append({ topicId: topic.id, messages: [message("a")], idempotency: null });
  const record = { accountId, atMs: 0, who: "anyone", action: "putTopic", target: "topics/a", details: null };
  await store.audit.append(
    Array.from({ length: auditDeletedMax + 1 }, (_, count) => ({ ...record, id: auditIdOf(accountId, count) })),
  );
  for (const kind of ["inbox", "key", "@api-key", "queue"]) await entries.put(accountId, kind, "one", { name });
  return accountId;
}

const gone = (accounts: Accounts, name: string) =>
  eventually(async () => {
    const account = await accounts.get(name);
    expect(account?.state ?? "deleting").toBe("deleting");
    return account === null;
  });

test("Deleting an account removes all its topics and entries, and nothing of other accounts.", async () => {
  const store = new MemoryStore({ clock: systemClock });
  const { accounts } = await node(store);
  const id = await fill(store, accounts, "leaver");
  const other = await fill(store, accounts, "stayer").catch((error: unknown) => error);
  // The unique entry belongs to the first account.
  expect(other).toMatchObject({ code: "name_taken" });
  const stayer = accounts.find("stayer")?.id as NonNullable<ReturnType<Accounts["find"]>>["id"];
  const recordsOf = (accountId: AccountId) => store.audit.list(accountId, {}, { after: null, limit: 10 });
  const before = [await store.catalog.countTopics(stayer), await store.entries.count(stayer)];
  const gonIds: number[] = [];
  accounts.onGone((accountId) => gonIds.push(accountId));
  const started = await accounts.startDeletion("leaver");
  expect(started).toMatchObject({ state: "deleting", accountId: id });
  expect(gonIds).toEqual([id]);
  expect(accounts.find("leaver")).toBeNull();
  await expect(accounts.put("leaver", settingsDefault)).rejects.toMatchObject({ code: "account_deleting" });
  await gone(accounts, "leaver");
  expect([...accounts.deleting()]).toEqual([]);
  expect([await store.catalog.countTopics(stayer), await store.entries.count(stayer)]).toEqual(before);
  expect((await recordsOf(id)).items).toEqual([]);
  expect((await recordsOf(stayer)).items).toHaveLength(10);
  const { account, created } = await accounts.put("leaver", settingsDefault);
  expect([created, account.accountId > stayer]).toEqual([true, true]);
});

test("A deletion shows what is left, and is continued by the next process.", async () => {
  const store = new MemoryStore({ clock: systemClock });
  const first = await node(store);
  await fill(store, first.accounts, "leaver");
  // The first process ends before it has removed anything.
  await first.deletion.stop();
  await first.accounts.startDeletion("leaver");
  const left = { topicsLeft: engineLimits.accountDeletionStep + 2, entriesLeft: engineLimits.accountDeletionStep + 5 };
  expect((await first.accounts.get("leaver"))?.deletion).toEqual(left);
  const { items } = await first.accounts.list({ after: null, limit: 10 });
  expect(items.map(({ name, deletion }) => [name, deletion])).toEqual([
    ["default", null],
    ["leaver", left],
  ]);
  const second = await node(store);
  expect(second.accounts.find("leaver")).toBeNull();
  second.deletion.start();
  await gone(second.accounts, "leaver");
});

test("Several nodes can remove one account at the same time, and keep a new account of its name.", async () => {
  const store = new MemoryStore({ clock: systemClock });
  const nodes = [await node(store), await node(store), await node(store)] as const;
  const [{ accounts }] = nodes;
  const id = await fill(store, accounts, "leaver");
  await accounts.startDeletion("leaver");
  for (const { deletion } of nodes) deletion.start();
  await gone(accounts, "leaver");
  const { account } = await accounts.put("leaver", settingsDefault);
  await accounts.endDeletion("leaver", id);
  expect(await accounts.get("leaver")).toMatchObject({ accountId: account.accountId, state: "active" });
});
