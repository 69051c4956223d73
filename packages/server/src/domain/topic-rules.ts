import { RingbackError } from "./errors.ts";
import { isInternalName } from "./internal-names.ts";
import { limits } from "./limits.ts";

/** `count`: number of the account's topics, without internal ones. Throws `topic_limit`. */
export function assertRoomForTopic(name: string, count: number): void {
  if (!isInternalName(name) && count >= limits.topicsMax) throw new RingbackError("topic_limit");
}
