/** Real: PostgreSQL and two nodes on it. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { SEQ_FULL } from "../../domain/message-id.ts";
import { topicNumber } from "../../domain/topic-number.ts";
import { message, settings, topicSettings } from "../contract/fixtures.ts";
import { retainAll } from "../contract/retain-fixtures.ts";
import { freshDatabase, Node } from "./testing/postgres-database.ts";
import { PostgresServer } from "./testing/postgres-server.ts";

let server: PostgresServer;
beforeAll(async () => void (server = await PostgresServer.start()));
afterAll(() => server.stop());

const ofMessage = (topicId: number, text: string) => ({
  topicId: topicId as never,
  messages: [message(text)],
  idempotency: null,
});

it("refuses a publish of a node that still knows the topic that had the number before", async () => {
  const database = await freshDatabase(server);
  const topicNumbers = { topicNumbersMax: 1, topicNumbersResting: 0 };
  const suspended = await Node.start(server, database, { topicNumbers });
  const other = await Node.start(server, database, { topicNumbers });
  const account = other.store.catalog.defaultAccount().id;
  const { topic: before } = await suspended.store.catalog.putTopic(account, "before", topicSettings());
  await suspended.store.log.append(ofMessage(before.id, "a"));

  await other.store.catalog.deleteTopic(account, "before");
  await retainAll(other);
  const { topic: after } = await other.store.catalog.putTopic(account, "after", topicSettings());
  expect(topicNumber(after.id)).toBe(topicNumber(before.id));

  await expect(suspended.store.log.append(ofMessage(before.id, "late"))).rejects.toMatchObject({
    code: "topic_not_found",
  });
  await expect(suspended.store.catalog.putSubscription(before.id, "late", settings(), "now")).rejects.toMatchObject({
    code: "topic_not_found",
  });
  expect(await other.store.log.append(ofMessage(after.id, "own"))).toMatchObject({ firstSeq: 2 });
  await suspended.close();
  await other.close();
});

it("refuses messages whose positions would not fit into message ids", async () => {
  const database = await freshDatabase(server);
  await server.query(
    "INSERT INTO ringback.released_number (topic_id, last_seq) VALUES (7, $1)",
    [SEQ_FULL - 1],
    database,
  );
  const node = await Node.start(server, database, { topicNumbers: { topicNumbersMax: 0, topicNumbersResting: 0 } });
  const { catalog, log } = node.store;
  const { topic } = await catalog.putTopic(catalog.defaultAccount().id, "t", topicSettings());
  const first = { ...ofMessage(topic.id, "a"), idempotency: { key: "k", fingerprint: "f" } };
  expect(await log.append(first)).toMatchObject({ firstSeq: SEQ_FULL });
  await expect(log.append(ofMessage(topic.id, "b"))).rejects.toMatchObject({ code: "topic_used_up" });
  expect(await log.append(first)).toMatchObject({ firstSeq: SEQ_FULL, replayed: true });
  await node.close();
});
