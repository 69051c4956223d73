import { expect, test } from "vitest";
import { message, topicSettings } from "../../store/contract/fixtures.ts";
import type { Topic } from "../../domain/model.ts";
import { systemClock } from "../../domain/ports.ts";
import { MemoryStore } from "../../store/memory/memory-store.ts";
import { engineLimits } from "../engine-limits.ts";
import { StoredBytes } from "./stored-bytes.ts";

async function append(store: MemoryStore, { id }: Topic, count: number, bytes: number): Promise<void> {
  for (let left = count; left > 0; left -= 100) {
    const messages = Array.from({ length: Math.min(100, left) }, () => message("x".repeat(bytes)));
    await store.log.append({ topicId: id, messages, idempotency: null });
  }
}

test("Stored bytes are those of all topics of the account, and each message is read once.", async () => {
  const store = new MemoryStore({ clock: systemClock });
  const accountId = store.catalog.defaultAccount().id;
  const other = await store.catalog.ensureAccount("other");
  const { topic } = await store.catalog.putTopic(accountId, "orders", topicSettings());
  const { topic: inbox } = await store.catalog.putTopic(accountId, "inbox:parcels", topicSettings());
  await append(store, (await store.catalog.putTopic(other, "orders", topicSettings())).topic, 5, 5);
  const read: number[] = [];
  const { records, catalog } = store;
  const stored = new StoredBytes({
    catalog,
    records: Object.assign(Object.create(records) as typeof records, {
      bodyBytes: (id: Topic["id"], from: number, to: number) => {
        read.push(to - from + 1);
        return records.bodyBytes(id, from, to);
      },
    }),
  });
  expect(stored.of(accountId)).toBe(0);
  await append(store, topic, engineLimits.blockMessages + 1, 3);
  await append(store, inbox, 2, 10);
  stored.accepted(accountId, 20);
  await stored.count(accountId);
  expect(stored.of(accountId)).toBe(3 * (engineLimits.blockMessages + 1) + 20);
  expect(read.toSorted((one, two) => one - two)).toEqual([1, 2, engineLimits.blockMessages]);
  await append(store, topic, 1, 4);
  stored.accepted(accountId, 4);
  expect(stored.of(accountId)).toBe(3 * (engineLimits.blockMessages + 1) + 24);
  await stored.count(accountId);
  expect(stored.of(accountId)).toBe(3 * (engineLimits.blockMessages + 1) + 24);
  expect(read.slice(3)).toEqual([1]);
  await catalog.deleteTopic(accountId, "orders");
  await stored.count(accountId);
  expect(stored.of(accountId)).toBe(20);
});
