/** Real: the SQLite driver on a database in memory. The limit of topic numbers is small. */
import { expect, it } from "vitest";
import { message, topicSettings } from "../contract/fixtures.ts";
import { messageId } from "../../domain/message-id.ts";
import { MemoryStore } from "./memory-store.ts";

const PAIRS = 10_000;
/** Pairs between two steps of retention, as at 500 pairs a second with the default interval. */
const PAIRS_PER_STEP = 10;

it("creates and deletes topics without end, although there are few topic numbers", async () => {
  const store = new MemoryStore({ topicNumbers: { topicNumbersMax: 100, topicNumbersResting: 20 } });
  const account = store.catalog.defaultAccount().id;
  const ids = new Set<string>();
  let largest = 0;
  for (let pair = 1; pair <= PAIRS; pair++) {
    const { topic } = await store.catalog.putTopic(account, "churned", topicSettings());
    const request = { topicId: topic.id, messages: [message("a")], idempotency: null };
    const { firstSeq } = await store.log.append(request);
    ids.add(messageId(topic.id, firstSeq));
    largest = Math.max(largest, firstSeq);
    await store.catalog.deleteTopic(account, topic.name);
    if (pair % PAIRS_PER_STEP === 0) await store.log.retain();
  }
  expect(ids.size).toBe(PAIRS);
  // The number that has rested longest comes first, so all numbers are used equally often.
  expect(largest).toBeLessThanOrEqual(PAIRS / 20);
  await store.close();
});
