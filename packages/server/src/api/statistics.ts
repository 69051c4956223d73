import type { FastifyInstance } from "fastify";
import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { assertName } from "../domain/names.ts";
import { assertTopicGranted, type Caller } from "../engine/access/access.ts";
import { queryReader } from "../shapes/query.ts";
import { closedObject, operation, problemResponses } from "../shapes/schema-parts.ts";
import { timeRangeOf, timeRangeParameters } from "../shapes/search-query.ts";
import { statisticsQuery, statisticsSchema, statisticsView } from "../shapes/statistics.ts";
import type { TallyOwner } from "../store/tallies.ts";
import { callerOf } from "./access-gate.ts";
import type { ApiParts } from "./api-parts.ts";

const querystring = closedObject({ ...timeRangeParameters("what happened"), ...statisticsQuery });

const schema = {
  ...operation("statistics", "getStatistics", "Get what happened over time, and what waits now"),
  description:
    "Counts of the account, of a topic or of a subscription, in steps. Without `from`: of the last hour. Minutes are kept " +
    "for two days, hours for 31 days. Each process writes its counts once a minute: the last minute of the other nodes of " +
    "a cluster is missing, and that of a process that was killed. Only the 2,000 busiest topics and subscriptions of a " +
    "process are counted by themselves in each minute.",
  querystring,
  response: {
    200: statisticsSchema,
    ...problemResponses("invalid_name", "topic_not_found", "subscription_not_found"),
  },
};

const rangeMsDefault = 3_600_000;

export function statisticsRoute(app: FastifyInstance, { store, clock, statistics }: ApiParts): void {
  const readQuery = queryReader(querystring);
  const config = { access: "read", omitsOtherTopics: true } as const;
  app.get("/v1/statistics", { schema, config }, async (request) => {
    const { topic, subscription, points = limits.statisticsPointsDefault, ...times } = readQuery(request);
    const caller = callerOf(request);
    assertTopicGranted(caller, topic ?? null);
    const owner = await ownerOf(caller, topic, subscription);
    const range = timeRangeOf(times);
    const { toMs = Math.max(clock.wall(), range.fromMs ?? 0) } = range;
    const { fromMs = toMs - rangeMsDefault } = range;
    if (toMs - fromMs > limits.statisticsRangeMsMax) {
      throw RingbackError.at("invalid_request", "from", "must lie at most 31 days before `to`");
    }
    const [read, now] = await Promise.all([
      statistics.read(owner, { fromMs, toMs, pointsMax: points }),
      owner.topicId === null ? statistics.stateOf(caller.account.id) : null,
    ]);
    return statisticsView(read, now, owner.subscriptionId === null);
  });

  /** Throws `invalid_name`, `invalid_request`, `topic_not_found` and `subscription_not_found`. */
  async function ownerOf({ account }: Caller, topicName?: string, name?: string): Promise<TallyOwner> {
    const owner = { accountId: account.id, topicId: null, subscriptionId: null };
    if (topicName === undefined) {
      if (name === undefined) return owner;
      throw RingbackError.at("invalid_request", "subscription", "needs `topic`");
    }
    assertName("topic", topicName);
    const topic = await store.catalog.getTopic(account.id, topicName);
    if (topic === null) throw new RingbackError("topic_not_found", `There is no topic "${topicName}".`);
    if (name === undefined) return { ...owner, topicId: topic.id };
    assertName("subscription", name);
    const subscription = await store.catalog.getSubscription(topic.id, name);
    if (subscription === null) {
      throw new RingbackError("subscription_not_found", `Topic "${topicName}" has no subscription "${name}".`);
    }
    return { ...owner, topicId: topic.id, subscriptionId: subscription.id };
  }
}
