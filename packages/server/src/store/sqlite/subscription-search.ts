import { matchesPattern } from "../../domain/access-rules.ts";
import { eventsTopicName } from "../../domain/internal-names.ts";
import { limits } from "../../domain/limits.ts";
import type { AccountId, Subscription } from "../../domain/model.ts";
import { toHealth } from "../catalog-rows.ts";
import type { PageRequest } from "../page.ts";
import type { LagLimits, SubscriptionFilter } from "../record-filters.ts";
import { searchPage, type SearchPage } from "../search.ts";
import { hasHealth, isExceptional, parseSubscriptionPosition, subscriptionPosition } from "../subscription-search.ts";
import type { SubscriptionPosition } from "../subscription-search.ts";
import { isListed } from "../topic-index.ts";
import type { StoreContext } from "./store-context.ts";
import type { SubscriptionEntry } from "./subscription-entry.ts";
import type { TopicEntry } from "./topic-entry.ts";

export async function searchSubscriptions(
  context: StoreContext,
  accountId: AccountId,
  page: PageRequest,
  filter: SubscriptionFilter,
): Promise<SearchPage<Subscription>> {
  const read = async (after: string | null, count: number) => {
    const entries = take(candidates(context, accountId, filter, parseSubscriptionPosition(after)), count);
    const matching = entries.filter((entry) => isMatch(entry, filter));
    const found = new Set(filter.lagging === undefined ? matching : await lagging(context, matching, filter.lagging));
    return entries.map((entry) => ({
      position: subscriptionPosition(positionOf(entry)),
      item: found.has(entry) && !entry.removed ? entry.view() : null,
    }));
  };
  return searchPage(page, read);
}

function positionOf({ name, topic: { topic } }: SubscriptionEntry): SubscriptionPosition {
  return { topic: topic.name, name };
}

function take(entries: Iterable<SubscriptionEntry>, count: number): SubscriptionEntry[] {
  const taken: SubscriptionEntry[] = [];
  if (count > 0) {
    for (const entry of entries) if (taken.push(entry) === count) break;
  }
  return taken;
}

/** Yields the listed subscriptions of the topics that the filter names, in order. */
function candidates(
  { index }: StoreContext,
  accountId: AccountId,
  filter: SubscriptionFilter,
  after: SubscriptionPosition | null,
): Iterable<SubscriptionEntry> {
  const exceptional = index.exceptionalOf(accountId);
  // Sorting many subscriptions would block the event loop for longer than reading a part of all of them in order.
  if (isExceptional(filter) && exceptional.size <= limits.recordsExaminedMax) {
    return sorted([...exceptional].filter((entry) => isListedIn(entry, filter) && isAfter(entry, after)));
  }
  return walk(index.topics.ofAccount(accountId), filter, after);
}

type Topics = ReturnType<StoreContext["index"]["topics"]["ofAccount"]>;

function* walk(topics: Topics, filter: SubscriptionFilter, after: SubscriptionPosition | null) {
  const started = after === null ? undefined : topics.get(after.topic);
  if (started !== undefined && isTopicWanted(started.topic.name, filter)) {
    yield* started.subscriptions.after(after?.name ?? null);
  }
  for (const topic of topicsAfter(topics, after?.topic ?? null)) {
    if (isTopicWanted(topic.topic.name, filter)) yield* topic.subscriptions.after(null);
  }
}

/** Yields the topics whose names are after the given one, in order, and, unlike lists, also the topic of events. */
function* topicsAfter(topics: Topics, name: string | null): Iterable<TopicEntry> {
  let events = name === null || name < eventsTopicName ? topics.get(eventsTopicName) : undefined;
  for (const topic of topics.after(name)) {
    if (events !== undefined && eventsTopicName < topic.topic.name) {
      yield events;
      events = undefined;
    }
    yield topic;
  }
  if (events !== undefined) yield events;
}

function sorted(entries: readonly SubscriptionEntry[]): readonly SubscriptionEntry[] {
  return entries.toSorted((one, other) => compare(positionOf(one), positionOf(other)));
}

function compare(one: SubscriptionPosition, other: SubscriptionPosition): number {
  if (one.topic !== other.topic) return one.topic < other.topic ? -1 : 1;
  return one.name === other.name ? 0 : one.name < other.name ? -1 : 1;
}

function isAfter(entry: SubscriptionEntry, after: SubscriptionPosition | null): boolean {
  return after === null || compare(positionOf(entry), after) > 0;
}

function isListedIn({ name, topic: { topic } }: SubscriptionEntry, filter: SubscriptionFilter): boolean {
  return isListed(name) && isListed(topic.name) && isTopicWanted(topic.name, filter);
}

function isTopicWanted(name: string, { topics, topic }: SubscriptionFilter): boolean {
  if (topic !== undefined && !matchesPattern(topic, name)) return false;
  return topics === undefined || topics.some((pattern) => matchesPattern(pattern, name));
}

function isMatch(entry: SubscriptionEntry, { name, state, health, label }: SubscriptionFilter): boolean {
  if (name !== undefined && !matchesPattern(name, entry.name)) return false;
  if (state !== undefined && entry.state !== state) return false;
  if (!hasHealth(toHealth(entry.health)?.state ?? null, health)) return false;
  return label === undefined || entry.hasLabel(label);
}

/** Only subscriptions with messages that no claim has read yet can lag. */
async function lagging(
  { reader }: StoreContext,
  entries: readonly SubscriptionEntry[],
  { messages, publishedBeforeMs }: LagLimits,
): Promise<readonly SubscriptionEntry[]> {
  const behind = entries.filter((entry) => entry.hasUnread);
  const positions = behind.map(({ topic, cursor }) => ({ topicId: topic.topic.id, seq: cursor.scannedThrough + 1 }));
  const backlogs = behind.map(({ backlog }) => backlog);
  const times = await reader.call("readPublishedAt", positions);
  return behind.filter((_, at) => (backlogs[at] ?? 0) > messages || (times[at] ?? Infinity) < publishedBeforeMs);
}
