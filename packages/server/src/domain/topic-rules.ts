import { assertRetention, type AccountLimits } from "./account-limits.ts";
import { RingbackError } from "./errors.ts";
import { isInternalName } from "./internal-names.ts";
import { limits } from "./limits.ts";
import type { TopicSettings } from "./model.ts";

/** `count`: number of the account's topics, without internal ones. Throws `topic_limit`. */
export function assertRoomForTopic(name: string, count: number, { topicsMax }: AccountLimits): void {
  if (isInternalName(name)) return;
  if (topicsMax !== null && count >= topicsMax) {
    throw RingbackError.at("topic_limit", "limits.topicsMax", `the account may have at most ${topicsMax} topics`);
  }
  if (count >= limits.topicsMax) throw new RingbackError("topic_limit");
}

/** The engine bounds the retention of an internal topic, because its owner is an inbox or a queue. */
export function assertTopicRetention(name: string, { retentionMs }: TopicSettings, account: AccountLimits): void {
  if (!isInternalName(name)) assertRetention(retentionMs, account);
}
