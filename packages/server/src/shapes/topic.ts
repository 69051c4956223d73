import { Type } from "typebox";
import type { Static } from "typebox";
import { limits } from "../domain/limits.ts";
import type { Topic } from "../domain/model.ts";
import { timeText as timeSchema } from "./schema-parts.ts";
import { timeText } from "./time-text.ts";

const settings = {
  retentionMs: Type.Integer({
    minimum: limits.retentionMsMin,
    maximum: limits.retentionMsMax,
    default: limits.retentionMsDefault,
    description: "How long a message is kept, delivered or not, in milliseconds.",
  }),
  bodyBytesMax: Type.Integer({
    minimum: limits.topicBodyBytesMin,
    maximum: limits.bodyBytesMax,
    default: limits.bodyBytesMax,
    description: "The largest message body, in bytes.",
  }),
};

export const topicBody = Type.Object(
  {
    retentionMs: Type.Optional(settings.retentionMs),
    bodyBytesMax: Type.Optional(settings.bodyBytesMax),
  },
  { additionalProperties: false, examples: [{ retentionMs: limits.retentionMsDefault }] },
);

export const topicSchema = Type.Object(
  {
    name: Type.String({ examples: ["orders"] }),
    ...settings,
    createdAt: timeSchema("When it was made."),
    updatedAt: timeSchema("When it was last changed."),
  },
  { additionalProperties: false, description: "The topic." },
);

export function topicView(topic: Topic): Static<typeof topicSchema> {
  return {
    name: topic.name,
    retentionMs: topic.settings.retentionMs,
    bodyBytesMax: topic.settings.bodyBytesMax,
    createdAt: timeText(topic.createdAtMs),
    updatedAt: timeText(topic.updatedAtMs),
  };
}
