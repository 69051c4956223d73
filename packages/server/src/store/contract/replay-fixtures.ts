import { limits } from "../../domain/limits.ts";
import type { Subscription } from "../../domain/model.ts";
import type { Replay, ReplayPlan, ReplaySource, ReplayStep } from "../replays.ts";
import type { Scene } from "./fixtures.ts";

export const REPLAY_LEASE_MS = 10_000;

export interface ReplayFields extends Partial<Pick<ReplayPlan, "order">> {
  readonly source?: Partial<ReplaySource & { readonly kind: "messages" }>;
  readonly letters?: Partial<ReplaySource & { readonly kind: "dead-letters" }>;
  readonly target?: Subscription;
  readonly perSecond?: number | null;
}

/** The plan of a replay of the whole log, or of all dead letters, as far as `fields` do not differ. */
export async function planOfReplay(scene: Scene, subscription: Subscription, fields: ReplayFields = {}) {
  const { id: topicId, accountId, name } = scene.topic;
  const { firstSeq, lastSeq } = (await scene.store.replays.logRange(topicId)) as { firstSeq: number; lastSeq: number };
  const { source, letters, target = subscription, order = "separate" } = fields;
  const wanted: ReplaySource =
    letters === undefined
      ? { kind: "messages", fromSeq: firstSeq, toSeq: lastSeq, types: [], only: "all", ...source }
      : { kind: "dead-letters", reasons: [], statuses: [], fromMs: null, toMs: null, ...letters };
  return {
    accountId,
    topicId,
    topic: name,
    subscriptionId: subscription.id,
    subscription: subscription.name,
    targetId: target.id,
    target: target.name,
    source: wanted,
    order,
  } satisfies ReplayPlan;
}

/** Creates a replay that this process runs. */
export async function startReplay(
  scene: Scene,
  subscription: Subscription,
  fields: ReplayFields = {},
): Promise<Replay> {
  const { replays } = scene.store;
  const plan = await planOfReplay(scene, subscription, fields);
  const { perSecond = null } = fields;
  const created = await replays.create({ ...plan, ...(await replays.count(plan)), perSecond });
  await replays.acquire(1_000, REPLAY_LEASE_MS);
  return created;
}

export async function stepOf(scene: Scene, { id }: Pick<Replay, "id">): Promise<ReplayStep> {
  const step = await scene.store.replays.step(id, REPLAY_LEASE_MS, limits.replayParkedMax);
  if (step === null) throw new Error("This process does not run the replay.");
  return step;
}
