import type { Subscription, SubscriptionId, Topic, TopicId } from "../../domain/model.ts";
import { postgresLimits } from "./postgres-limits.ts";

/**
 * A cache of topics and subscriptions that this node has read. Only reads and wake-ups use the cache; claims and
 * appends never do. An event of another node removes the changed entry. While this node is not connected to receive
 * such events, nothing is cached.
 */
export class CatalogCache {
  readonly #isListening: () => boolean;
  readonly topics = new Recent<string, Topic>(postgresLimits.cachedTopicsMax);
  readonly subscriptions = new Recent<SubscriptionId, Subscription>(postgresLimits.cachedSubscriptionsMax);
  readonly #subscriptionIds = new Recent<TopicId, readonly SubscriptionId[]>(postgresLimits.cachedTopicsMax);
  /** Counts removals from the caches. A value is not cached if the count changed while the value was read. */
  #changes = 0;

  constructor(isListening: () => boolean) {
    this.#isListening = isListening;
  }

  /** Returns null when the ids are not cached and must be read from the database. */
  cachedSubscriptionIds(topicId: TopicId): readonly SubscriptionId[] | null {
    return this.#isListening() ? (this.#subscriptionIds.get(topicId) ?? null) : null;
  }

  async subscriptionIds(
    topicId: TopicId,
    read: () => Promise<readonly SubscriptionId[]>,
  ): Promise<readonly SubscriptionId[]> {
    return (await this.remember(this.#subscriptionIds, topicId, read)) ?? [];
  }

  dropTopic(topicId: TopicId): void {
    this.#changes++;
    this.#subscriptionIds.delete(topicId);
    for (const [key, { id }] of this.topics) if (id === topicId) this.topics.delete(key);
  }

  dropSubscription(topicId: TopicId, id: SubscriptionId): void {
    this.#changes++;
    this.#subscriptionIds.delete(topicId);
    this.subscriptions.delete(id);
  }

  /** Empties the caches. Returns the ids of the subscriptions that were cached. */
  clear(): readonly SubscriptionId[] {
    const known = [...this.subscriptions.keys()];
    this.#changes++;
    this.topics.clear();
    this.subscriptions.clear();
    this.#subscriptionIds.clear();
    return known;
  }

  /** Returns the value that is cached in one of the caches above, or reads and caches it. */
  async remember<K, V>(kept: Recent<K, V>, key: K, read: () => Promise<V | null>): Promise<V | null> {
    const known = this.#isListening() ? kept.get(key) : undefined;
    if (known !== undefined) return known;
    const changes = this.#changes;
    const found = await read();
    if (found !== null && changes === this.#changes && this.#isListening()) kept.set(key, found);
    return found;
  }
}

/** A bounded cache of reads; the oldest entry is removed first. */
class Recent<K, V> extends Map<K, V> {
  readonly #max: number;

  constructor(max: number) {
    super();
    this.#max = max;
  }

  override set(key: K, value: V): this {
    if (this.size >= this.#max && !this.has(key)) {
      const { value: oldest } = this.keys().next() as { value: K };
      this.delete(oldest);
    }
    return super.set(key, value);
  }
}
