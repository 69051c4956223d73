import type { Static } from "typebox";
import { shapeReader } from "../shapes/shape-check.ts";
import { startOf, subscriptionBody } from "../shapes/subscription.ts";
import type { SubscriptionBody } from "../shapes/subscription.ts";
import { topicBody } from "../shapes/topic.ts";
import { normaliseSubscription } from "../domain/subscription-rules.ts";
import type { ConfigFile } from "./config-file.ts";
import { checked, named, record } from "./declared-part.ts";

export interface DeclaredSubscription {
  readonly name: string;
  /** The body that `PUT …/subscriptions/{name}` would get. */
  readonly input: SubscriptionBody;
  /** `ringback.yaml:12`, to say where if the store refuses it. */
  readonly origin: string;
}

export interface DeclaredTopic {
  readonly topic: string;
  /** The body that `PUT /v1/topics/{topic}` would get. */
  readonly settings: Static<typeof topicBody>;
  readonly subscriptions: readonly DeclaredSubscription[];
  readonly origin: string;
}

const readTopic = shapeReader(topicBody);
const readSubscription = shapeReader(subscriptionBody);

/** The `topics:` part of the file, in the file's order, checked as the API would check it. Throws `ConfigError`. */
export function readDeclaredTopics(file: ConfigFile): readonly DeclaredTopic[] {
  return named(file, ["topics"], "topics", file.values["topics"]).map(([topic, value]) => {
    const keys = ["topics", topic];
    const { subscriptions, ...rest } = record(file, keys, topic, value);
    const settings = checked(file, keys, () => readTopic(rest));
    const under = [...keys, "subscriptions"];
    return {
      topic,
      settings,
      origin: file.origin(keys),
      subscriptions: named(file, under, "subscriptions", subscriptions).map(([name, body]) => ({
        name,
        input: checked(file, [...under, name], () => subscriptionInput(body)),
        origin: file.origin([...under, name]),
      })),
    };
  });
}

function subscriptionInput(body: unknown): SubscriptionBody {
  const input = readSubscription(body);
  normaliseSubscription(input);
  startOf(input.start);
  return input;
}
