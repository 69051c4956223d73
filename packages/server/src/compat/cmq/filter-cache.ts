import { compileFilter, type MessagePredicate } from "../../domain/filter.ts";
import type { InboxSettings } from "../../domain/inbox-rules.ts";
import { inboxLogName } from "../../domain/internal-names.ts";
import type { Message, SubscriptionId, Topic, TopicId } from "../../domain/model.ts";
import type { CatalogStore } from "../../store/catalog.ts";
import type { EntryStore } from "../../store/entries.ts";
import { everyPage } from "../../store/every-page.ts";
import { cmqLimits } from "./cmq-limits.ts";

type Labels = Pick<Message, "tags" | "type">;
interface ReadStore {
  readonly catalog: Pick<CatalogStore, "listSubscriptions" | "onSubscriptionChange" | "getSubscription">;
  readonly entries: Pick<EntryStore, "list">;
}
type TopicFilters = ReadonlyMap<SubscriptionId, MessagePredicate>;

export type Reach = "reached" | "no-subscription" | "nothing-matches";

/**
 * Finds out whether any subscription would receive a message, because CMQ refuses messages that no subscription would
 * receive. Caches the filters of each topic's subscriptions. When a subscription is changed or deleted, its topic is
 * removed from the cache. Before a publish is refused, the filters are read again, so that a new subscription is never
 * missed.
 */
export class FilterCache {
  readonly #store: ReadStore;
  readonly #filtersMax: number;
  readonly #cached = new Map<TopicId, TopicFilters>();
  readonly #topicOf = new Map<SubscriptionId, TopicId>();
  readonly #reading = new Map<TopicId, Promise<TopicFilters>>();
  /**
   * Counts changes of subscriptions. If this number changes while filters are read, the filters may be outdated and are
   * not cached.
   */
  #changes = 0;

  constructor(store: ReadStore, filtersMax: number = cmqLimits.cachedFiltersMax) {
    this.#store = store;
    this.#filtersMax = filtersMax;
    store.catalog.onSubscriptionChange((id) => {
      this.#changes++;
      const topicId = this.#topicOf.get(id);
      if (topicId !== undefined) this.#drop(topicId);
    });
  }

  /** Must be called after a change to the topic's subscriptions. */
  invalidate(topicId: TopicId): void {
    this.#changes++;
    this.#drop(topicId);
  }

  /**
   * Returns true if the cache shows that a subscription would receive the message. If the result is false, `reach` must
   * be called.
   */
  isKnownToReach(topic: Topic, message: Labels): boolean {
    const filters = this.#cached.get(topic.id);
    return filters !== undefined && anyMatches(filters, message);
  }

  async reach(topic: Topic, message: Labels): Promise<Reach> {
    // If a read by another request finds a match, the match is certain. If it finds none, a subscription may have been
    // created after that read had started.
    const known = this.#cached.get(topic.id) ?? this.#reading.get(topic.id);
    const filters = known instanceof Promise ? await known : known;
    if (filters !== undefined && anyMatches(filters, message)) return "reached";
    const current = await this.#read(topic);
    if (anyMatches(current, message)) return "reached";
    return current.size === 0 ? "no-subscription" : "nothing-matches";
  }

  #read(topic: Topic): Promise<TopicFilters> {
    const reading = this.#readAll(topic).finally(() => {
      if (this.#reading.get(topic.id) === reading) this.#reading.delete(topic.id);
    });
    this.#reading.set(topic.id, reading);
    return reading;
  }

  async #readAll(topic: Topic): Promise<TopicFilters> {
    const changesBefore = this.#changes;
    const filters = new Map<SubscriptionId, MessagePredicate>();
    for await (const items of everyPage((page) => this.#store.catalog.listSubscriptions(topic.id, page))) {
      for (const { id, settings } of items) filters.set(id, compileFilter(settings.filter));
    }
    await this.#addInboxes(topic, filters);
    if (this.#changes === changesBefore) this.#keep(topic.id, filters);
    return filters;
  }

  /** Inboxes that read this topic receive its messages too. They have internal subscriptions, which listings omit. */
  async #addInboxes(topic: Topic, filters: Map<SubscriptionId, MessagePredicate>): Promise<void> {
    for await (const items of everyPage((page) => this.#store.entries.list(topic.accountId, "inbox", page))) {
      for (const { name, value } of items) {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only inboxes write entries of this kind
        if ((value as InboxSettings).topic !== topic.name) continue;
        const subscription = await this.#store.catalog.getSubscription(topic.id, inboxLogName(name));
        if (subscription === null) continue;
        filters.set(subscription.id, compileFilter(subscription.settings.filter));
      }
    }
  }

  #keep(topicId: TopicId, filters: TopicFilters): void {
    this.#drop(topicId);
    if (this.#topicOf.size + filters.size > this.#filtersMax) {
      this.#cached.clear();
      this.#topicOf.clear();
    }
    // Caching an empty set is useless, because the filters are always read again before a refusal.
    if (filters.size === 0 || filters.size > this.#filtersMax) return;
    this.#cached.set(topicId, filters);
    for (const id of filters.keys()) this.#topicOf.set(id, topicId);
  }

  #drop(topicId: TopicId): void {
    const filters = this.#cached.get(topicId);
    if (filters === undefined) return;
    this.#cached.delete(topicId);
    for (const id of filters.keys()) this.#topicOf.delete(id);
  }
}

function anyMatches(filters: TopicFilters, message: Labels): boolean {
  for (const matches of filters.values()) if (matches(message)) return true;
  return false;
}
