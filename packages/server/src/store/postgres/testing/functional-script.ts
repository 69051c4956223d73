import { ack, pull } from "../../contract/pull-fixtures.ts";
import { dead, delivered, HOUR_MS, message, parkedUntil, Scene, settlement } from "../../contract/fixtures.ts";
import { ManualClock } from "../../contract/harness.ts";
import type { Claim } from "../../log.ts";
import { newClient } from "../connection.ts";
import { PostgresStore } from "../postgres-store.ts";
import { storeOptions } from "./postgres-database.ts";

const everyByte = Uint8Array.from({ length: 256 }, (_, index) => index);
const awkward = `back\\slash 'quote' "double" {brace} NULL % é 漢 🦀`;

/**
 * Uses every part of a store on an empty database, and returns what it saw. The clock is the script's own, so two runs
 * return the same.
 */
export async function runScript(url: string): Promise<readonly unknown[]> {
  const clock = new ManualClock();
  const store = await PostgresStore.open(storeOptions(url, { clock, attemptRetentionMs: HOUR_MS }));
  try {
    await fixTopicNumbers(url);
    const under = { store, clock, crash: () => Promise.reject(new Error("unused")), dispose: () => store.close() };
    const { topic } = await store.catalog.putTopic(store.catalog.defaultAccount().id, "orders", {
      retentionMs: 2 * HOUR_MS,
      bodyBytesMax: 1024,
    });
    const scene = new Scene(under, topic);
    return [...(await pushPart(scene)), ...(await pullPart(scene)), ...(await recordsPart(scene))];
  } finally {
    await store.close();
  }
}

/** The secret of the database determines the numbers of topics. With the same secret, two runs have the same. */
async function fixTopicNumbers(url: string): Promise<void> {
  const client = newClient(url, "fixing");
  await client.connect();
  try {
    await client.query("UPDATE ringback.topic_number SET key = decode(repeat('00', 16), 'hex')");
  } finally {
    await client.end();
  }
}

async function pushPart(scene: Scene): Promise<unknown[]> {
  const seen: unknown[] = [];
  const reader = await scene.subscribe("reader");
  const filtered = await scene.subscribe("filtered", { filter: { tags: ["NULL"], types: [] } });
  const typed = await scene.subscribe("typed", { filter: { tags: [], types: ["invoice.*"] } });
  const ordered = await scene.subscribe("ordered", { order: "key" });
  seen.push(
    await scene.publish(
      message("", { body: everyByte, contentType: "application/octet-stream" }),
      message(awkward, { tags: ["NULL", awkward], type: "invoice.paid", orderingKey: "NULL" }),
      message("c", { attributes: { NULL: "NULL", [awkward]: awkward, "": "" }, orderingKey: "NULL" }),
      message("delayed", { delayMs: HOUR_MS / 2, orderingKey: awkward }),
    ),
    await scene.store.log.append({
      topicId: scene.topic.id,
      messages: [message("once")],
      idempotency: { key: awkward, fingerprint: "NULL" },
    }),
  );
  for (const subscription of [filtered, typed]) seen.push(view(await scene.settleNext(subscription, delivered)));
  const first = await scene.claim(ordered);
  seen.push(view(first), await scene.settle(first, parkedUntil(scene.now + 1_000)));
  const claim = await scene.claim(reader);
  seen.push(view(claim));
  const outcomes = [delivered, dead, parkedUntil(scene.now + 2_000), delivered];
  seen.push(
    await scene.store.log.settle(
      claim.deliveries.map((each, index) => settlement(claim, each, outcomes[index] ?? delivered)),
    ),
    await scene.store.records.subscriptionCounts(reader.id),
  );
  return seen;
}

async function pullPart(scene: Scene): Promise<unknown[]> {
  const { store, under } = scene;
  const seen: unknown[] = [];
  const puller = await scene.subscribe("puller", {}, "oldest");
  const handles = await pull(scene, puller);
  seen.push(handles, await store.records.pullCounts(puller.id, scene.now - HOUR_MS));
  seen.push(await store.log.settlePulled(puller.id, handles.slice(0, 2).map(ack)));
  under.clock.advance(HOUR_MS / 2);
  seen.push(view(await scene.settleNext(puller, delivered)), await store.log.rewind(puller.id, "oldest"));
  seen.push(await store.records.subscriptionCounts(puller.id));
  seen.push(view(await scene.settleNext(puller, delivered)));
  return seen;
}

async function recordsPart(scene: Scene): Promise<unknown[]> {
  const { store, topic, under } = scene;
  const { items } = await store.catalog.listTopics(topic.accountId, { after: null, limit: 10 });
  const seen: unknown[] = [items];
  await store.entries.put(topic.accountId, "hook", awkward, { text: awkward, none: null });
  const entry = await store.entries.get(topic.accountId, "hook", awkward);
  // The id of an entry is random.
  seen.push({ ...entry, id: null });
  for (let seq = 1; seq <= 5; seq++) seen.push(await store.records.getMessage(topic.accountId, scene.idOf(seq)));
  const reader = await store.catalog.getSubscription(topic.id, "reader");
  if (reader === null) throw new Error("The subscription is gone.");
  const page = { after: null, limit: 10 };
  seen.push(await store.records.listAttempts(reader.id, page, { only: "failed" }));
  const letters = await store.records.listDeadLetters(reader.id, page);
  // The id of a subscription is random.
  const shown = letters.items.map((letter) => ({ ...letter, subscriptionId: null }));
  seen.push(shown, await store.records.redriveDeadLetters(reader.id, null));
  seen.push(view(await scene.settleNext(reader, dead)));
  under.clock.advance(3 * HOUR_MS);
  for (let more = true; more;) ({ more } = await store.log.retain());
  for (const name of ["reader", "filtered", "ordered", "puller"]) {
    const subscription = await store.catalog.getSubscription(topic.id, name);
    // The ids of subscriptions are random.
    seen.push(
      subscription && { ...subscription, id: null },
      subscription && (await store.records.subscriptionCounts(subscription.id)),
    );
  }
  const { bytes: _bytes, ...totals } = await store.records.statistics();
  seen.push(totals, (await store.cluster.nodes()).length, await store.catalog.deleteTopic(topic.accountId, "orders"));
  return seen;
}

/** A claim without its ids, which differ from run to run. */
function view({ deliveries, more, nextDueAtMs, parkedCount }: Claim): unknown {
  return { deliveries, more, nextDueAtMs, parkedCount };
}
