import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { isTopicGranted } from "../domain/access-rules.ts";
import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { assertName } from "../domain/names.ts";
import type { Subscription } from "../domain/model.ts";
import { replayRange } from "../engine/replay/replay-range.ts";
import type { RequestedReplay } from "../engine/replay/replays.ts";
import { jsonBody, mergePatchJson } from "../http/json-body.ts";
import { pageOfList } from "../shapes/page-cursor.ts";
import { queryReader } from "../shapes/query.ts";
import {
  countView,
  dryRunSchema,
  rangeOfBody,
  replayBody,
  replayPatchBody,
  replaySchema,
  replayView,
  type ReplayBody,
} from "../shapes/replay.ts";
import { listQuery } from "../shapes/resource-routes.ts";
import {
  about,
  bodyErrors,
  operation,
  pageOf,
  problemResponses,
  subscriptionParams,
  writeErrors,
} from "../shapes/schema-parts.ts";
import { shapeReader } from "../shapes/shape-check.ts";
import { toReplayId, type Replay } from "../store/replays.ts";
import { callerOf } from "./access-gate.ts";
import type { ApiParts } from "./api-parts.ts";
import { noteChange } from "./audit-gate.ts";
import { subscriptionAt, type SubscriptionPath } from "./subscriptions.ts";

const replayParams = Type.Object({
  id: about("The replay's id.", Type.String({ examples: ["3675234182400512"] })),
});
const path = "/v1/replays/:id";
type ReplayPath = { Params: { id: string } };

const see = { access: "read", omitsOtherTopics: true } as const;
const change = { access: "admin", omitsOtherTopics: true } as const;

export function replayRoutes(app: FastifyInstance, parts: ApiParts): void {
  createRoute(app, parts);
  readRoutes(app, parts);
  changeRoutes(app, parts);
}

const createSchema = {
  ...operation("replays", "createReplay", "Send messages of a topic again"),
  description:
    "Sends each matching message of a range of the log once more, to this subscription or to another one of the topic, in " +
    "the background and beside live traffic. Messages that the target still has to deliver are skipped. At most " +
    `${limits.replaysOpenMax} replays of an account run at a time.`,
  params: subscriptionParams,
  body: replayBody,
  response: {
    200: dryRunSchema,
    202: { ...replaySchema, description: "The replay runs." },
    ...problemResponses(
      "invalid_name",
      "invalid_type_pattern",
      "topic_not_found",
      "subscription_not_found",
      "replay_limit",
      ...bodyErrors,
      ...writeErrors,
    ),
  },
};

function createRoute(app: FastifyInstance, parts: ApiParts): void {
  const readBody = shapeReader(replayBody);
  app.post<{ Params: SubscriptionPath }>(
    "/v1/topics/:topic/subscriptions/:subscription/replays",
    { schema: createSchema, config: { access: "admin" } },
    async (request, reply) => {
      const body = readBody(jsonBody(request));
      const { store, clock } = parts;
      const { only = "all", order = "separate" } = body;
      const { types, ...ends } = rangeOfBody(body);
      const subscription = await subscriptionAt(store, request);
      const target = await targetOf(parts, subscription, body);
      const range = await replayRange(store.replays, subscription.topicId, ends, clock.wall());
      const source = { kind: "messages" as const, ...range, types, only };
      return sendReplay(parts, request, reply, { source, subscription, target, order }, body);
    },
  );
}

async function targetOf({ store }: ApiParts, subscription: Subscription, { target }: ReplayBody) {
  if (target === undefined) return subscription;
  assertName("target", target);
  const found = await store.catalog.getSubscription(subscription.topicId, target);
  if (found !== null) return found;
  const sentence = `target: the topic "${subscription.topic}" has no subscription "${target}"`;
  throw new RingbackError("subscription_not_found", sentence, { details: [{ field: "target", message: "unknown" }] });
}

/** Answers a dry run with the count of what matches. Otherwise creates the replay, and answers with its view. */
export async function sendReplay(
  { replays }: Pick<ApiParts, "replays">,
  request: FastifyRequest,
  reply: FastifyReply,
  requested: RequestedReplay,
  controls: { readonly dryRun?: boolean; readonly perSecond?: number | null },
) {
  const { dryRun = false, perSecond = limits.replayPerSecondDefault } = controls;
  if (dryRun) {
    noteChange(request, { isChange: false });
    return reply.code(200).send(countView(await replays.count(requested)));
  }
  const view = replayView(await replays.create(requested, perSecond));
  noteChange(request, { after: view });
  return reply.code(202).send(view);
}

function readRoutes(app: FastifyInstance, { store }: ApiParts): void {
  const readQuery = queryReader(listQuery);
  const list = {
    ...operation("replays", "listReplays", "List replays, newest first"),
    description: "A page can have fewer items than the limit although more pages follow.",
    querystring: listQuery,
    response: { 200: pageOf(replaySchema, "A page of replays."), ...problemResponses("invalid_cursor") },
  };
  app.get("/v1/replays", { schema: list, config: see }, async (request) => {
    const { account, topics } = callerOf(request);
    const read = async (page: Parameters<typeof store.replays.list>[1]) => {
      const { items, next } = await store.replays.list(account.id, page);
      return { items: items.filter(({ topic }) => isTopicGranted(topics, topic)), next };
    };
    return pageOfList("replays", readQuery(request), read, replayView);
  });

  const get = {
    ...operation("replays", "getReplay", "Get a replay with its progress"),
    params: replayParams,
    response: { 200: replaySchema, ...problemResponses("replay_not_found") },
  };
  app.get<ReplayPath>(path, { schema: get, config: see }, async (request) =>
    replayView(await replayAt(store, request)),
  );
}

/** Throws `replay_not_found`, also for a replay of a topic that the caller's key is not valid for. */
async function replayAt({ replays }: ApiParts["store"], request: FastifyRequest<ReplayPath>): Promise<Replay> {
  const { account, topics } = callerOf(request);
  const id = toReplayId(request.params.id);
  const found = id === null ? null : await replays.get(account.id, id);
  if (found === null || !isTopicGranted(topics, found.topic)) throw new RingbackError("replay_not_found");
  return found;
}

function changeRoutes(app: FastifyInstance, { store, replays }: ApiParts): void {
  const readPatch = shapeReader(replayPatchBody);
  const patch = {
    ...operation("replays", "patchReplay", "Change the rate of a replay, pause it or let it go on"),
    description: "Changes nothing of a replay that has ended.",
    params: replayParams,
    body: replayPatchBody,
    response: { 200: replaySchema, ...problemResponses("replay_not_found", ...bodyErrors, ...writeErrors) },
  };
  app.patch<ReplayPath>(path, { schema: patch, config: change }, async (request) => {
    const { perSecond, paused } = readPatch(mergePatchJson(request));
    const before = await replayAt(store, request);
    const wanted = { ...(perSecond !== undefined && { perSecond }), ...(paused !== undefined && { isPaused: paused }) };
    const after = await store.replays.change(before.accountId, before.id, wanted);
    if (after === null) throw new RingbackError("replay_not_found");
    const isChange = before.state !== after.state || before.perSecond !== after.perSecond;
    noteChange(request, { before: replayView(before), after: replayView(after), isChange });
    return replayView(after);
  });

  const remove = {
    ...operation("replays", "deleteReplay", "Cancel a replay, or remove one that has ended from the list"),
    description:
      "A replay that runs is cancelled: no further copy is sent, those in flight end without another attempt, and the " +
      "response has its state. A replay that has ended is removed, once none of its copies is in flight.",
    params: replayParams,
    response: {
      200: { ...replaySchema, description: "The replay is cancelled." },
      204: { type: "null", description: "The replay is removed." },
      ...problemResponses("replay_not_found", ...writeErrors),
    },
  };
  app.delete<ReplayPath>(path, { schema: remove, config: change }, async (request, reply) => {
    const before = await replayAt(store, request);
    const cancelled = await replays.cancel(before);
    if (cancelled === null && (await store.replays.remove(before.accountId, before.id))) {
      noteChange(request, { before: replayView(before) });
      return reply.code(204).send();
    }
    const after = cancelled ?? (await replayAt(store, request));
    noteChange(request, { before: replayView(before), after: replayView(after), isChange: cancelled !== null });
    return replayView(after);
  });
}
