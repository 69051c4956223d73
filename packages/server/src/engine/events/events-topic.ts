import { assertRetention, type AccountLimits } from "../../domain/account-limits.ts";
import { RingbackError } from "../../domain/errors.ts";
import { eventsTopicName } from "../../domain/internal-names.ts";
import { acceptsDefault } from "../../domain/accepted-messages.ts";
import { limits } from "../../domain/limits.ts";
import type { AccountId, Topic, TopicSettings } from "../../domain/model.ts";
import { type WriteCondition, WriteConflict } from "../../domain/write-condition.ts";
import type { CatalogStore, TopicPut } from "../../store/catalog.ts";

type Catalog = Pick<CatalogStore, "getTopic" | "putTopic">;

/** Returns the account's topic `ringback.events`, which is created when it is first used. */
export async function eventsTopicOf(
  catalog: Catalog,
  accountId: AccountId,
  { retentionMsMax }: AccountLimits,
): Promise<Topic> {
  for (;;) {
    const found = await catalog.getTopic(accountId, eventsTopicName);
    if (found !== null) return found;
    const retentionMs = Math.min(limits.retentionMsDefault, retentionMsMax ?? Infinity);
    const settings = {
      retentionMs,
      bodyBytesMax: limits.bodyBytesMax,
      accepts: acceptsDefault,
      description: "",
      labels: {},
    };
    try {
      return (await catalog.putTopic(accountId, eventsTopicName, settings, "absent")).topic;
    } catch (error) {
      // Another request has just created the topic.
      if (!(error instanceof WriteConflict)) throw error;
    }
  }
}

/** Changes the retention. Throws `built_in_topic` for every other change, and `invalid_request`. */
export async function putEventsTopic(
  catalog: Catalog,
  accountId: AccountId,
  settings: TopicSettings,
  { accountLimits, condition }: { readonly accountLimits: AccountLimits; readonly condition?: WriteCondition },
): Promise<TopicPut> {
  const before = await eventsTopicOf(catalog, accountId, accountLimits);
  const given = Object.entries({ ...settings, retentionMs: before.settings.retentionMs });
  const kept = new Map(Object.entries(before.settings).map(([name, value]) => [name, JSON.stringify(value)]));
  const changed = given.find(([name, value]) => JSON.stringify(value) !== kept.get(name));
  if (changed !== undefined) {
    const fault = `cannot be changed: only the retention of the topic ${eventsTopicName} can`;
    throw RingbackError.at("built_in_topic", changed[0], fault);
  }
  assertRetention(settings.retentionMs, accountLimits);
  return catalog.putTopic(accountId, eventsTopicName, settings, condition);
}

/** Throws `built_in_topic` for the topic that only the server publishes to. */
export function assertPublishable(topic: string): void {
  if (topic !== eventsTopicName) return;
  throw new RingbackError("built_in_topic", `Only the server publishes to the topic ${eventsTopicName}.`);
}
