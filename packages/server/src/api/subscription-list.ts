import type { FastifyInstance } from "fastify";
import { Type, type Static } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { TimeMs } from "../domain/model.ts";
import { labelOf, labelParameter } from "../shapes/labels.ts";
import { pageOfSearch } from "../shapes/page-cursor.ts";
import { pageParameters, queryReader } from "../shapes/query.ts";
import { about, closedObject, operation, problemResponses } from "../shapes/schema-parts.ts";
import { searchName, searchPageOf } from "../shapes/search-query.ts";
import { valueFault } from "../shapes/shape-check.ts";
import { listedSubscriptionSchema } from "../shapes/subscription.ts";
import type { SubscriptionFilter } from "../store/record-filters.ts";
import { callerOf } from "./access-gate.ts";
import type { ApiParts } from "./api-parts.ts";
import { countedItemView, withCounts } from "./counted-subscriptions.ts";

const namePattern = (of: string) =>
  about(
    `Only those with this name of the ${of}; \`*\` stands for any characters.`,
    Type.Optional(
      Type.String({
        pattern: `^[A-Za-z0-9._*-]{1,${limits.nameCharsMax}}$`,
        [valueFault]: 'must be a name, in which "*" stands for any characters',
        examples: ["billing*"],
      }),
    ),
  );

const filters = closedObject({
  state: about(
    "`active`, `paused` and `disabled` are states. `healthy`: active, and the endpoint accepts messages. `failing`, " +
      "`open`: as in `health`. `lagging`: more than " +
      `${limits.laggingMessages} messages wait in the log, or one that is older than ${limits.laggingAgeMs / 1000} s.`,
    Type.Optional(Type.Enum(["active", "paused", "disabled", "healthy", "failing", "open", "lagging"])),
  ),
  health: about(
    "Only subscriptions with this health. `unhealthy`: failing or open.",
    Type.Optional(Type.Enum(["healthy", "unhealthy", "failing", "open"])),
  ),
  label: labelParameter,
  name: namePattern("subscription"),
  topic: namePattern("topic"),
});
const querystring = closedObject({ ...pageParameters, ...filters.properties });
const schema = {
  ...operation("subscriptions", "searchSubscriptions", "List the subscriptions of all topics, with their counts"),
  description:
    "Sorted by the name of the topic and then by the name of the subscription. The filters are combined by AND.",
  querystring,
  response: {
    200: searchPageOf(listedSubscriptionSchema, "A page of subscriptions.", limits.recordsExaminedMax),
    ...problemResponses("invalid_cursor"),
  },
};

export function subscriptionListRoute(app: FastifyInstance, { store, clock }: ApiParts): void {
  const readQuery = queryReader(querystring);
  const config = { access: "read", omitsOtherTopics: true } as const;
  app.get("/v1/subscriptions", { schema, config }, async (request) => {
    const { limit, after, ...given } = readQuery(request);
    const { account, topics } = callerOf(request);
    const filter = { ...filterOf(given, clock.wall()), ...(topics !== null && { topics }) };
    return pageOfSearch(
      searchName(`all subscriptions ${account.id}`, given),
      { limit, after },
      async (page) => withCounts(store, await store.catalog.searchSubscriptions(account.id, page, filter)),
      countedItemView,
    );
  });
}

function filterOf({ state, health, label, name, topic }: Static<typeof filters>, nowMs: TimeMs): SubscriptionFilter {
  const labelled = labelOf(label);
  const stated = stateFilter(state, nowMs);
  if (health !== undefined && stated.health !== undefined && stated.health !== health) {
    throw RingbackError.at("invalid_request", "health", `must not contradict \`state=${state}\``);
  }
  return {
    ...stated,
    ...(health !== undefined && { health }),
    ...(labelled !== undefined && { label: labelled }),
    ...(name !== undefined && { name }),
    ...(topic !== undefined && { topic }),
  };
}

function stateFilter(state: Static<typeof filters>["state"], nowMs: TimeMs): SubscriptionFilter {
  if (state === undefined) return {};
  if (state === "healthy") return { state: "active", health: "healthy" };
  if (state === "failing" || state === "open") return { health: state };
  if (state !== "lagging") return { state };
  const { laggingMessages: messages, laggingAgeMs } = limits;
  return { lagging: { messages, publishedBeforeMs: nowMs - laggingAgeMs } };
}
