import { Type } from "typebox";
import { limits } from "../domain/limits.ts";
import type { Topic } from "../domain/model.ts";
import { description, labels } from "./labels.ts";
import { about, bodyShape, changeTimes, changeTimesView, describedShape, whole } from "./schema-parts.ts";
import { complete, optional, settingsShape, viewMembers, viewOf } from "./settings.ts";

/** The schema of all settings of a topic. */
const settings = bodyShape("TopicSettings", [{ retentionMs: limits.retentionMsDefault }], {
  retentionMs: about(
    "How long a message is kept, delivered or not, in milliseconds.",
    optional(whole(limits.retentionMsMin, limits.retentionMsMax), limits.retentionMsDefault),
  ),
  bodyBytesMax: about(
    "The largest message body, in bytes.",
    optional(whole(limits.topicBodyBytesMin, limits.bodyBytesMax), limits.bodyBytesMax),
  ),
  description,
  labels,
});

export const topicShape = settingsShape(settings, { settle: (given) => complete(settings, given) });

export const topicSchema = describedShape("Topic", "The topic.", {
  name: Type.String({ examples: ["orders"] }),
  ...viewMembers(settings),
  ...changeTimes,
});

export function topicView(topic: Topic): object {
  return { name: topic.name, ...viewOf(settings, topic.settings), ...changeTimesView(topic) };
}
