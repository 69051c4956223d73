import { assertRetention, type AccountLimits, type ReportedLimits } from "./account-limits.ts";
import { RingbackError } from "./errors.ts";
import { isInternalTopic } from "./internal-names.ts";
import { limits } from "./limits.ts";
import type { TopicSettings } from "./model.ts";

/** `count`: number of the account's topics, without those that the server creates. Throws `topic_limit`. */
export function assertRoomForTopic(name: string, count: number, { topicsMax, refused }: ReportedLimits): void {
  if (isInternalTopic(name)) return;
  if (topicsMax !== null && count >= topicsMax) {
    refused?.("topicsMax");
    throw RingbackError.at("topic_limit", "limits.topicsMax", `the account may have at most ${topicsMax} topics`);
  }
  if (count >= limits.topicsMax) throw new RingbackError("topic_limit");
}

/** The engine bounds the retention of an internal topic, which belongs to an inbox or a queue, or has events. */
export function assertTopicRetention(name: string, { retentionMs }: TopicSettings, account: AccountLimits): void {
  if (!isInternalTopic(name)) assertRetention(retentionMs, account);
}
