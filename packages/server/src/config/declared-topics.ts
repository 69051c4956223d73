import { subscriptionShape } from "../shapes/subscription.ts";
import { topicShape } from "../shapes/topic.ts";
import type { Start, SubscriptionSettings, TopicSettings } from "../domain/model.ts";
import type { ConfigFile } from "./config-file.ts";
import { checked, named, record } from "./declared-part.ts";

export interface DeclaredSubscription {
  readonly name: string;
  readonly settings: SubscriptionSettings;
  readonly start: Start;
  /** `ringback.yaml:12`, for the message when the store refuses the subscription. */
  readonly origin: string;
}

export interface DeclaredTopic {
  readonly topic: string;
  readonly settings: TopicSettings;
  readonly subscriptions: readonly DeclaredSubscription[];
  readonly origin: string;
}

/**
 * Reads the `topics:` part of the file, in the file's order, as the API reads the bodies of its PUTs. Throws
 * `ConfigError`.
 */
export function readDeclaredTopics(file: ConfigFile): readonly DeclaredTopic[] {
  return named(file, ["topics"], "topics", file.values["topics"]).map(([topic, value]) => {
    const keys = ["topics", topic];
    const { subscriptions, ...settings } = record(file, keys, topic, value);
    const under = [...keys, "subscriptions"];
    return {
      topic,
      settings: checked(file, keys, () => topicShape.read(settings)),
      origin: file.origin(keys),
      subscriptions: named(file, under, "subscriptions", subscriptions).map(([name, body]) => ({
        name,
        ...checked(file, [...under, name], () => subscriptionShape.read(body)),
        origin: file.origin([...under, name]),
      })),
    };
  });
}
