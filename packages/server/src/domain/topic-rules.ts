/** From a topic as a caller describes it to the settings that the store keeps. */

import { RingbackError } from "./errors.ts";
import { assertInteger } from "./integer-rule.ts";
import { isInternalName } from "./internal-names.ts";
import { limits } from "./limits.ts";
import type { TopicSettings } from "./model.ts";

/** Fills in the defaults. Members that are not named here are kept as they are. Throws `invalid_request` with the field. */
export function normaliseTopic({
  retentionMs = limits.retentionMsDefault,
  bodyBytesMax = limits.bodyBytesMax,
  ...others
}: Partial<TopicSettings>): TopicSettings {
  assertInteger("invalid_request", "retentionMs", retentionMs, limits.retentionMsMin, limits.retentionMsMax);
  assertInteger("invalid_request", "bodyBytesMax", bodyBytesMax, limits.topicBodyBytesMin, limits.bodyBytesMax);
  return { retentionMs, bodyBytesMax, ...others };
}

/** `count`: the account's topics, without internal ones. Throws `topic_limit`. */
export function assertRoomForTopic(name: string, count: number): void {
  if (!isInternalName(name) && count >= limits.topicsMax) throw new RingbackError("topic_limit");
}
