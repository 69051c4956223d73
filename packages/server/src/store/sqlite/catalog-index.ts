import type { AccountId, SubscriptionId } from "../../domain/model.ts";
import { toHealth, toTopic } from "../catalog-rows.ts";
import { Cursor } from "../cursor.ts";
import { isListed, TopicIndex } from "../topic-index.ts";
import type { CatalogRows, StoredSubscription } from "./operations/load-catalog.ts";
import { SubscriptionEntry } from "./subscription-entry.ts";
import { TopicEntry } from "./topic-entry.ts";

const none: ReadonlySet<SubscriptionEntry> = new Set();

/**
 * Every topic and subscription in memory, with the state that claims need. Only one process can have the folder open,
 * so memory always has the current state. The database has the state of the last commit, which survives the process.
 */
export class CatalogIndex {
  readonly topics = new TopicIndex<TopicEntry>();
  readonly subscriptions = new Map<SubscriptionId, SubscriptionEntry>();
  /** Number of listed subscriptions. An account without any is missing. */
  readonly #subscriptionCounts = new Map<AccountId, number>();

  /** Subscriptions that are paused, disabled or not healthy. Lists of these need not read all others. */
  readonly #exceptional = new Map<AccountId, Set<SubscriptionEntry>>();

  /** The index is complete after the last call of `addStored`, followed by `noteParked`. */
  constructor(topics: CatalogRows["topics"]) {
    for (const row of topics) {
      this.topics.add(new TopicEntry(toTopic(row), row.first_seq, row.last_seq, row.oldest_at));
    }
  }

  addStored(subscriptions: readonly StoredSubscription[]): void {
    for (const row of subscriptions) {
      const topic = this.topics.get(row.topic_id);
      if (topic === undefined) continue;
      this.addSubscription(topic, new SubscriptionEntry(topic, row, new Cursor(row.settled_through, row.ahead)));
    }
  }

  noteParked({ parked, keys }: CatalogRows): void {
    for (const row of parked) {
      const entry = this.subscriptions.get(row.subscription_id);
      if (entry === undefined) continue;
      entry.parkedCount = row.count;
      entry.nextParkedDueAtMs = row.due_at;
      entry.mayHaveApart = row.apart === 1;
    }
    for (const row of keys) this.subscriptions.get(row.subscription_id)?.blockKey(row.ordering_key, row.count);
  }

  removeTopic(entry: TopicEntry): void {
    this.topics.remove(entry);
    for (const subscription of entry.subscriptions.values()) this.removeSubscription(subscription);
  }

  addSubscription(topic: TopicEntry, entry: SubscriptionEntry): void {
    // Retention may have removed messages before the subscription was created, or before this start.
    entry.cursor.skipThrough(topic.firstSeq - 1);
    topic.add(entry);
    this.subscriptions.set(entry.id, entry);
    this.#count(entry, 1);
    this.noteState(entry);
  }

  exceptionalOf(accountId: AccountId): ReadonlySet<SubscriptionEntry> {
    return this.#exceptional.get(accountId) ?? none;
  }

  /** Counts the listed subscriptions that are disabled, or not healthy, of all accounts. */
  exceptionCounts() {
    const counts = { disabledSubscriptions: 0, failingSubscriptions: 0, openSubscriptions: 0 };
    for (const { state, health } of this.#listedExceptions()) {
      if (state === "disabled") counts.disabledSubscriptions++;
      const found = toHealth(health)?.state;
      if (found !== undefined) counts[found === "open" ? "openSubscriptions" : "failingSubscriptions"]++;
    }
    return counts;
  }

  /** Returns at most `limit` listed subscriptions that are not healthy. */
  unhealthy(limit: number): readonly SubscriptionEntry[] {
    const found: SubscriptionEntry[] = [];
    for (const entry of this.#listedExceptions()) {
      if (found.length >= limit) break;
      if (entry.health !== null) found.push(entry);
    }
    return found;
  }

  *#listedExceptions(): Iterable<SubscriptionEntry> {
    for (const entries of this.#exceptional.values()) {
      for (const entry of entries) if (isListed(entry.name) && isListed(entry.topic.topic.name)) yield entry;
    }
  }

  /** Must be called after each change of a subscription's state or health. */
  noteState(entry: SubscriptionEntry): void {
    const { accountId } = entry.topic.topic;
    const entries = this.#exceptional.get(accountId);
    if (!entry.removed && (entry.state !== "active" || entry.health !== null)) {
      if (entries === undefined) this.#exceptional.set(accountId, new Set([entry]));
      else entries.add(entry);
    } else if (entries?.delete(entry) === true && entries.size === 0) this.#exceptional.delete(accountId);
  }

  /** Returns the number of the account's subscriptions, without internal ones. */
  subscriptionCountOf(accountId: AccountId): number {
    return this.#subscriptionCounts.get(accountId) ?? 0;
  }

  #count({ name, topic: { topic } }: SubscriptionEntry, by: 1 | -1): void {
    if (!isListed(name)) return;
    const count = this.subscriptionCountOf(topic.accountId) + by;
    if (count === 0) this.#subscriptionCounts.delete(topic.accountId);
    else this.#subscriptionCounts.set(topic.accountId, count);
  }

  removeSubscription(entry: SubscriptionEntry): void {
    entry.removed = true;
    this.topics.get(entry.topic.topic.id)?.remove(entry);
    if (this.subscriptions.delete(entry.id)) this.#count(entry, -1);
    this.noteState(entry);
  }
}
