import type { SubscriptionId } from "../../../domain/model.ts";
import { auditIdOf } from "../../audit.ts";
import { dead, delivered, held, message, parkedUntil, Scene, topicSettings } from "../../contract/fixtures.ts";
import { SqliteFolder } from "../../sqlite/testing/sqlite-folder.ts";

const PAGE = { after: null, limit: 1_000 };
export const RETRY_MS = 60_000;

export interface FilledFolder {
  readonly source: SqliteFolder;
  readonly ids: Readonly<Record<"plain" | "keyed" | "strict" | "filtered" | "paused" | "letters", SubscriptionId>>;
}

/** The folder of a stopped server, with rows in every table. */
export async function filledFolder(): Promise<FilledFolder> {
  const source = await SqliteFolder.open();
  const { store, clock } = source;
  const account = store.catalog.defaultAccount().id;
  // The first id belongs to a deleted topic.
  await store.catalog.putTopic(account, "gone", topicSettings());
  await store.catalog.deleteTopic(account, "gone");
  const scene = await Scene.make(source, { retentionMs: 3 * 86_400_000 });
  const plain = await scene.subscribe("plain");
  const keyed = await scene.subscribe("keyed", { order: "key" });
  const strict = await scene.subscribe("strict", { order: "strict" });
  const filtered = await scene.subscribe("filtered", { filter: { tags: ["red"], types: [] } });
  const paused = await scene.subscribe("paused");
  const letters = await scene.subscribe("letters");
  await store.catalog.setSubscriptionState(scene.topic.id, "paused", "paused");
  await store.log.append({
    topicId: scene.topic.id,
    messages: Array.from({ length: 10 }, (_, number) =>
      message(`m${number + 1}`, {
        tags: number % 2 === 0 ? ["red", 'qu"o\\te'] : [],
        orderingKey: number % 3 === 0 ? "a" : null,
        attributes: { number: `${number}` },
        contentType: "text/plain",
        hops: number % 4,
      }),
    ),
    idempotency: { key: "first", fingerprint: "f" },
  });
  await scene.publish(message("later", { delayMs: RETRY_MS, tags: ["red"] }));

  // Two deliveries stay open and one is parked. The cursor cannot pass these deliveries, although later ones are
  // settled.
  const claim = await scene.claim(plain, { deliveriesMax: 8 });
  const half = { ...claim, deliveries: claim.deliveries.filter((_, index) => index !== 1 && index !== 4) };
  await scene.settle(
    half,
    half.deliveries.map(({ message: { seq } }) => (seq === 4 ? parkedUntil(clock.now() + RETRY_MS, 3) : delivered)),
  );
  const first = await scene.claim(keyed, { deliveriesMax: 4 });
  await scene.settle(first, [parkedUntil(clock.now() + RETRY_MS), delivered, delivered, held]);
  await scene.settle(await scene.claim(strict, { deliveriesMax: 1 }), parkedUntil(clock.now() + RETRY_MS));
  const red = await scene.claim(filtered, { deliveriesMax: 4 });
  await scene.settle({ ...red, deliveries: red.deliveries.slice(2) }, delivered);
  await scene.settleNext(letters, dead, { deliveriesMax: 4 });
  const page = await store.records.listDeadLetters(letters.id, PAGE);
  await store.records.redriveDeadLetters(
    letters.id,
    page.items.slice(1, 2).map(({ id }) => id),
  );

  await store.entries.put(account, "hook", "ask", { urls: ["http://127.0.0.1:9/"] });
  await store.entries.put(account, "event-type", "invoice.paid", { schema: { type: "object" } });
  await store.entries.put(account, "inbox", "arrivals", { messagesMax: 3 });
  await store.entries.put(account, "key", "k1", { sealed: "…" });
  const change = { accountId: account, atMs: clock.wall(), who: "anyone", action: "putHook", target: "hooks/ask" };
  await store.audit.append([{ ...change, id: auditIdOf(clock.wall(), 7), details: { before: null } }]);
  await store.close();
  const ids = {
    plain: plain.id,
    keyed: keyed.id,
    strict: strict.id,
    filtered: filtered.id,
    paused: paused.id,
    letters: letters.id,
  };
  return { source, ids };
}
