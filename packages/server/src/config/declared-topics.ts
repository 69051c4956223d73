import type { Static } from "typebox";
import { shapeReader } from "../api/shape-check.ts";
import { startOf, subscriptionBody } from "../api/subscription-shape.ts";
import type { SubscriptionBody } from "../api/subscription-shape.ts";
import { topicBody } from "../api/topic-shape.ts";
import { RingbackError } from "../domain/errors.ts";
import type { FilterType } from "../domain/model.ts";
import { assertName } from "../domain/names.ts";
import { normaliseSubscription } from "../domain/subscription-rules.ts";
import { ConfigError } from "./config-error.ts";
import type { ConfigFile } from "./config-file.ts";
import { isRecord } from "./record.ts";
import { show } from "./words.ts";

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
        input: checked(file, [...under, name], () => subscriptionInput(body, topic, settings.filterType)),
        origin: file.origin([...under, name]),
      })),
    };
  });
}

function subscriptionInput(body: unknown, topic: string, filterType: FilterType | undefined): SubscriptionBody {
  const input = readSubscription(body);
  // Where the file does not say it, the topic may exist already and be of either type; the store will tell.
  const filtersByRoute = (input.filter?.bindingKeys ?? []).length > 0;
  normaliseSubscription(input, { name: topic, filterType: filterType ?? (filtersByRoute ? "route" : "tag") });
  startOf(input.start);
  return input;
}

/** What stands under names: topics, or subscriptions. */
function named(file: ConfigFile, keys: readonly string[], what: string, value: unknown): [string, unknown][] {
  if (value === undefined) return [];
  const entries = Object.entries(record(file, keys, what, value));
  for (const [name] of entries) {
    checked(file, [...keys, name], () => {
      assertName(show(name), name);
    });
  }
  return entries;
}

function record(file: ConfigFile, keys: readonly string[], what: string, value: unknown) {
  if (isRecord(value)) return value;
  throw new ConfigError(file.origin(keys), keys.join("."), `${what} cannot be ${show(value)}; give keys and values`);
}

/** The rules speak of fields; here they get the line on which the field stands. */
function checked<T>(file: ConfigFile, keys: readonly string[], check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof RingbackError)) throw error;
    const path = [...keys, ...fieldKeys(error.details[0]?.field ?? "")];
    throw new ConfigError(file.origin(path), path.join("."), error.message.replace(/\.$/, ""), error);
  }
}

/** `filter.tags[0]` is `filter`, `tags`, `0`. */
function fieldKeys(field: string): string[] {
  return field.split(/[.[\]]+/).filter((key) => key !== "");
}
