import { expect } from "vitest";
import { unlimited } from "../../domain/account-limits.ts";
import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { EntryChange } from "../entries.ts";
import { settings, topicSettings } from "./fixtures.ts";
import type { Part } from "./part.ts";

export function entriesContract({ promise, shared, fresh }: Part): void {
  const account = () => shared().store.catalog.defaultAccount().id;

  promise("keeps an entry's value unchanged over a crash", async () => {
    const { store, clock } = shared();
    const value = { urls: ["http://a/"], nested: { "": null, list: [1, "é", true] }, key: "0" };
    const put = await store.entries.put(account(), "hook", "kept", value);
    const times = { createdAtMs: clock.now(), updatedAtMs: clock.now() };
    const entry = { kind: "hook", name: "kept", id: expect.any(Number) as number, value, version: 1, ...times };
    expect(put).toEqual({ entry, created: true });
    await shared().crash();
    expect(await shared().store.entries.get(account(), "hook", "kept")).toEqual(entry);
  });

  promise("replaces an entry, keeps its creation time, and changes nothing when the value is equal", async () => {
    const { store, clock } = shared();
    const { entry: first } = await store.entries.put(account(), "hook", "replaced", { a: 1 });
    clock.advance(10);
    expect(await store.entries.put(account(), "hook", "replaced", { a: 1 })).toEqual({ entry: first, created: false });
    const second = await store.entries.put(account(), "hook", "replaced", { b: 2 });
    expect(second).toEqual({
      entry: { ...first, value: { b: 2 }, version: 2, updatedAtMs: clock.now() },
      created: false,
    });
    await shared().crash();
    expect(await shared().store.entries.get(account(), "hook", "replaced")).toEqual(second.entry);
  });

  promise("keeps a copy of the value, and returns the same object until the next put", async () => {
    const { store } = shared();
    const value = { list: [1] };
    await store.entries.put(account(), "hook", "apart", value);
    value.list.push(2);
    const read = await store.entries.get(account(), "hook", "apart");
    expect(read?.value).toEqual({ list: [1] });
    expect((await store.entries.get(account(), "hook", "apart"))?.value).toBe(read?.value);
  });

  promise("lists the entries of each kind separately, by name", async () =>
    fresh(async ({ store }) => {
      const { id } = store.catalog.defaultAccount();
      for (const name of ["c", "a", "b"]) await store.entries.put(id, "inbox", name, { name });
      await store.entries.put(id, "key", "a", { kind: "key" });
      const page = await store.entries.list(id, "inbox", { after: null, limit: 2 });
      expect(page.items.map((entry) => entry.name)).toEqual(["a", "b"]);
      const rest = await store.entries.list(id, "inbox", { after: page.next, limit: 2 });
      expect([rest.items.map((entry) => entry.name), rest.next]).toEqual([["c"], null]);
      expect((await store.entries.get(id, "key", "a"))?.value).toEqual({ kind: "key" });
    }),
  );

  promise("deletes an entry for good", async () => {
    await shared().store.entries.put(account(), "hook", "deleted", {});
    expect(await shared().store.entries.delete(account(), "hook", "deleted")).toBe(true);
    expect(await shared().store.entries.delete(account(), "hook", "deleted")).toBe(false);
    await shared().crash();
    expect(await shared().store.entries.get(account(), "hook", "deleted")).toBeNull();
  });

  promise("refuses an entry that is too large, and keeps the previous value", async () => {
    const { store } = shared();
    await store.entries.put(account(), "hook", "large", { a: 1 });
    const text = "x".repeat(limits.entryBytesMax);
    await expect(store.entries.put(account(), "hook", "large", { text })).rejects.toMatchObject({
      code: "invalid_request",
    });
    expect((await store.entries.get(account(), "hook", "large"))?.value).toEqual({ a: 1 });
  });

  promise("finds the entries of a unique kind without an account, and no others", async () => {
    const { store } = shared();
    const other = await store.catalog.ensureAccount("finder");
    const { entry } = await store.entries.put(other, "@badge", "b-1", { a: 1 });
    await store.entries.put(other, "badge", "b-2", {});
    expect(await store.entries.find("@badge", "b-1")).toEqual({ accountId: other, entry });
    expect(await store.entries.find("badge", "b-2")).toBeNull();
    expect(await store.entries.find("@badge", "b-2")).toBeNull();
    await shared().crash();
    expect(await shared().store.entries.find("@badge", "b-1")).toEqual({ accountId: other, entry });
    await shared().store.entries.delete(other, "@badge", "b-1");
    expect(await shared().store.entries.find("@badge", "b-1")).toBeNull();
  });

  promise("refuses a name of a unique kind that another account has", async () => {
    const { store } = shared();
    const other = await store.catalog.ensureAccount("taker");
    await store.entries.put(other, "@badge", "taken", {});
    const put = store.entries.put(account(), "@badge", "taken", {});
    await expect(put).rejects.toMatchObject({ code: "name_taken" });
    await store.entries.put(account(), "badge", "taken", {});
  });

  promise("reports each change of an entry", async () => {
    const { store } = shared();
    const changes: EntryChange[] = [];
    store.entries.onChange((change) => changes.push(change));
    const change = { accountId: account(), kind: "hook", name: "watched" };
    await store.entries.put(account(), "hook", "watched", { a: 1 });
    await store.entries.put(account(), "hook", "watched", { a: 1 });
    await store.entries.delete(account(), "hook", "watched");
    await store.entries.delete(account(), "hook", "watched");
    expect(changes).toEqual([change, change]);
  });

  promise("creates an account once, and removes it only when it is empty", async () => {
    const { catalog, entries } = shared().store;
    const id = await catalog.ensureAccount("tenant");
    expect(await catalog.ensureAccount("tenant")).toBe(id);
    expect(await catalog.ensureAccount("default")).toBe(account());
    await entries.put(id, "hook", "last", {});
    const { topic } = await catalog.putTopic(id, "orders", topicSettings());
    expect(topic.accountId).toBe(id);
    expect(await catalog.getTopic(account(), "orders")).toBeNull();
    expect(await catalog.removeAccount(id)).toBe(false);
    await entries.delete(id, "hook", "last");
    await catalog.deleteTopic(id, "orders");
    expect([await catalog.removeAccount(id), await catalog.removeAccount(id)]).toEqual([true, true]);
    expect(await catalog.ensureAccount("tenant")).toBeGreaterThan(id);
  });

  promise("lists and counts everything of an account for its removal", async () => {
    const { catalog, entries } = shared().store;
    const id = await catalog.ensureAccount("leaver");
    const names = ["a", "b"];
    for (const kind of ["hook", "@badge", "inbox"]) for (const name of names) await entries.put(id, kind, name, {});
    for (const name of ["orders", "inbox:a"]) await catalog.putTopic(id, name, topicSettings());
    expect([await entries.count(id), await catalog.countTopics(id)]).toEqual([6, 2]);
    expect(await entries.listAll(id, 4)).toHaveLength(4);
    for (const { kind, name } of await entries.listAll(id, 100)) await entries.delete(id, kind, name);
    for (const name of ["orders", "inbox:a"]) await catalog.deleteTopic(id, name);
    expect([await entries.count(id), await catalog.countTopics(id)]).toEqual([0, 0]);
    expect(await entries.listAll(id, 1)).toEqual([]);
    expect(await catalog.removeAccount(id)).toBe(true);
  });

  promise("puts nothing into an account that has no limits, because it is being deleted", async () => {
    await fresh(async ({ store: { catalog, entries } }) => {
      const id = await catalog.ensureAccount("leaver");
      const { topic } = await catalog.putTopic(id, "orders", topicSettings());
      catalog.limitAccounts((accountId) => {
        if (accountId === id) throw new RingbackError("account_not_found");
        return unlimited;
      });
      const refused = { code: "account_not_found" };
      await expect(entries.put(id, "hook", "late", {})).rejects.toMatchObject(refused);
      await expect(catalog.putTopic(id, "late", topicSettings())).rejects.toMatchObject(refused);
      await expect(catalog.createTopic(id, "late", topicSettings())).rejects.toMatchObject(refused);
      await expect(catalog.putSubscription(topic.id, "late", settings(), "now")).rejects.toMatchObject(refused);
      await entries.put(catalog.defaultAccount().id, "hook", "late", {});
    });
  });
}
