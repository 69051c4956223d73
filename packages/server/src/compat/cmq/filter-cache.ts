import { compileFilter, type MessagePredicate } from "../../domain/filter.ts";
import type { InboxSettings } from "../../domain/inbox-rules.ts";
import { inboxLogName } from "../../domain/internal-names.ts";
import { limits } from "../../domain/limits.ts";
import type { Entry, Message, Subscription, SubscriptionId, Topic, TopicId } from "../../domain/model.ts";
import type { Page } from "../../store/page.ts";
import type { CatalogStore } from "../../store/catalog.ts";
import type { EntryStore } from "../../store/entries.ts";

type Labelled = Pick<Message, "tags" | "type">;
interface ReadStore {
  readonly catalog: Pick<CatalogStore, "listSubscriptions" | "onSubscriptionChange" | "getSubscription">;
  readonly entries: Pick<EntryStore, "list">;
}
type CachedFilters = ReadonlyMap<SubscriptionId, MessagePredicate>;

export type Reach = "reached" | "no-subscription" | "nothing-matches";

/**
 * Who would get a message, which this API tells the publisher: the filters of a topic's subscriptions, kept at hand. A change
 * or an end of a subscription drops what is kept of its topic; and before a publish is refused they are read afresh, so
 * that a new subscription is never overlooked.
 */
export class FilterCache {
  readonly #store: ReadStore;
  readonly #filtersMax: number;
  readonly #kept = new Map<TopicId, CachedFilters>();
  readonly #topicOf = new Map<SubscriptionId, TopicId>();
  readonly #reading = new Map<TopicId, Promise<CachedFilters>>();
  /** What was read across a change is not kept: it may be from before. */
  #changes = 0;

  constructor(store: ReadStore, filtersMax: number = limits.cmqFiltersKeptMax) {
    this.#store = store;
    this.#filtersMax = filtersMax;
    store.catalog.onSubscriptionChange((id) => {
      this.#changes++;
      const topicId = this.#topicOf.get(id);
      if (topicId !== undefined) this.#drop(topicId);
    });
  }

  /** Its subscriptions were changed here. */
  forget(topicId: TopicId): void {
    this.#changes++;
    this.#drop(topicId);
  }

  /** Told at once, as nearly every publish can be; false: ask `reach`. */
  isKnownToReach(topic: Topic, message: Labelled): boolean {
    const audience = this.#kept.get(topic.id);
    return audience !== undefined && isHeard(audience, message);
  }

  async reach(topic: Topic, message: Labelled): Promise<Reach> {
    // What somebody else has begun to read is good enough for a yes; for a no it may have begun too early.
    const known = this.#kept.get(topic.id) ?? this.#reading.get(topic.id);
    const audience = known instanceof Promise ? await known : known;
    if (audience !== undefined && isHeard(audience, message)) return "reached";
    const afresh = await this.#read(topic);
    if (isHeard(afresh, message)) return "reached";
    return afresh.size === 0 ? "no-subscription" : "nothing-matches";
  }

  #read(topic: Topic): Promise<CachedFilters> {
    const reading = this.#readAll(topic).finally(() => {
      if (this.#reading.get(topic.id) === reading) this.#reading.delete(topic.id);
    });
    this.#reading.set(topic.id, reading);
    return reading;
  }

  async #readAll(topic: Topic): Promise<CachedFilters> {
    const before = this.#changes;
    const audience = new Map<SubscriptionId, MessagePredicate>();
    let after: string | null = null;
    do {
      const request = { after, limit: limits.pageItemsMax };
      const page: Page<Subscription> = await this.#store.catalog.listSubscriptions(topic.id, request);
      for (const { id, settings } of page.items) audience.set(id, compileFilter(settings.filter));
      after = page.next;
    } while (after !== null);
    await this.#addInboxes(topic, audience);
    if (this.#changes === before) this.#keep(topic.id, audience);
    return audience;
  }

  /** Those that read this topic get its messages as well; their subscriptions are the server's own, which no list shows. */
  async #addInboxes(topic: Topic, audience: Map<SubscriptionId, MessagePredicate>): Promise<void> {
    let after: string | null = null;
    do {
      const request = { after, limit: limits.pageItemsMax };
      const page: Page<Entry> = await this.#store.entries.list(topic.accountId, "inbox", request);
      for (const { name, value } of page.items) {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what inboxes are made of, and nothing else
        if ((value as InboxSettings).topic !== topic.name) continue;
        const subscription = await this.#store.catalog.getSubscription(topic.id, inboxLogName(name));
        if (subscription === null) continue;
        audience.set(subscription.id, compileFilter(subscription.settings.filter));
      }
      after = page.next;
    } while (after !== null);
  }

  #keep(topicId: TopicId, audience: CachedFilters): void {
    this.#drop(topicId);
    if (this.#topicOf.size + audience.size > this.#filtersMax) {
      this.#kept.clear();
      this.#topicOf.clear();
    }
    // An empty one would answer nothing that is not asked afresh anyhow.
    if (audience.size === 0 || audience.size > this.#filtersMax) return;
    this.#kept.set(topicId, audience);
    for (const id of audience.keys()) this.#topicOf.set(id, topicId);
  }

  #drop(topicId: TopicId): void {
    const audience = this.#kept.get(topicId);
    if (audience === undefined) return;
    this.#kept.delete(topicId);
    for (const id of audience.keys()) this.#topicOf.delete(id);
  }
}

function isHeard(audience: CachedFilters, message: Labelled): boolean {
  for (const matches of audience.values()) if (matches(message)) return true;
  return false;
}
