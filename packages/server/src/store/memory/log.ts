import { RingbackError } from "../../domain/errors.ts";
import { seqFrom } from "../../domain/start-rule.ts";
import type { Start, SubscriptionId, TimeMs } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import { assertAppendStorable } from "../append-rule.ts";
import { earlier } from "../earlier.ts";
import type { Listeners } from "../listeners.ts";
import type {
  AppendRequest,
  AppendResult,
  Claim,
  ClaimId,
  ClaimWant,
  LogStore,
  PulledSettlement,
  RetentionResult,
  Settlement,
} from "../log.ts";
import { assertAnswerStorable, assertStorable, firstAnswers } from "../settlement-rule.ts";
import { claimFrom, emptyClaim } from "./claiming.ts";
import type { MemoryData } from "./memory-data.ts";
import { retain, type RetentionTimes } from "./retention.ts";
import { rewind, settle, settlePulled } from "./settling.ts";
import type { SubscriptionState } from "./subscription-state.ts";

export interface MemoryLogOptions extends RetentionTimes {
  readonly data: MemoryData;
  readonly clock: Clock;
  readonly isClosed: () => boolean;
  readonly ready: Listeners<readonly SubscriptionId[]>;
}

/** Every call takes effect at once. */
export class MemoryLog implements LogStore {
  readonly #options: MemoryLogOptions;

  constructor(options: MemoryLogOptions) {
    this.#options = options;
  }

  async append(request: AppendRequest): Promise<AppendResult> {
    const { data, clock, isClosed } = this.#options;
    assertAppendStorable(request);
    if (isClosed()) throw new RingbackError("shutting_down");
    const topic = data.topics.get(request.topicId);
    if (topic === undefined) throw new RingbackError("topic_not_found");
    const result = topic.append(request, clock.now());
    if (!result.replayed)
      this.#notifyReady([...topic.subscriptions.values()].map(({ subscription }) => subscription.id));
    return result;
  }

  async claim(wants: readonly ClaimWant[], leaseMs: number): Promise<readonly Claim[]> {
    const { data, clock } = this.#options;
    return wants.map((want) => {
      const id = data.claims.nextId();
      const state = data.subscriptions.get(want.subscriptionId);
      if (state?.subscription.state !== "active") return emptyClaim(id, want.subscriptionId);
      return claimFrom(state, id, want, clock.now(), leaseMs);
    });
  }

  touch(): number | null {
    return 0;
  }

  async renew(claimIds: readonly ClaimId[], leaseMs: number): Promise<readonly ClaimId[]> {
    const { data, clock } = this.#options;
    return data.claims.renew(claimIds, clock.now() + leaseMs, clock.now());
  }

  async settle(settlements: readonly Settlement[]): Promise<number> {
    const { data, clock } = this.#options;
    for (const settlement of settlements) assertStorable(settlement);
    let count = 0;
    const ready = new Set<SubscriptionId>();
    for (const settlement of settlements) {
      const state = data.subscriptions.get(settlement.subscriptionId);
      if (state === undefined) continue;
      const outcome = settle(state, settlement, clock.now());
      if (outcome.applied) count++;
      if (outcome.ready) ready.add(settlement.subscriptionId);
    }
    this.#notifyReady([...ready]);
    return count;
  }

  async settlePulled(id: SubscriptionId, answers: readonly PulledSettlement[]): Promise<readonly boolean[]> {
    const { data, clock } = this.#options;
    for (const answer of answers) assertAnswerStorable(answer);
    const applied = answers.map(() => false);
    const state = data.subscriptions.get(id);
    if (state === undefined) return applied;
    let isReady = false;
    for (const index of firstAnswers(answers)) {
      const outcome = settlePulled(state, answers[index] as PulledSettlement, clock.now());
      applied[index] = outcome.applied;
      isReady ||= outcome.ready;
    }
    if (isReady) this.#notifyReady([id]);
    return applied;
  }

  async rewind(id: SubscriptionId, to: Exclude<Start, "now">): Promise<boolean> {
    const state = this.#options.data.subscriptions.get(id);
    if (state === undefined) return false;
    const { topic } = state;
    rewind(
      state,
      seqFrom(to, topic, (atMs) => topic.seqAt(atMs)),
    );
    this.#notifyReady([id]);
    return true;
  }

  #notifyReady(ids: readonly SubscriptionId[]): void {
    if (ids.length > 0) this.#options.ready.notify(ids);
  }

  onReady(listener: (ids: readonly SubscriptionId[]) => void): void {
    this.#options.ready.add(listener);
  }

  async findReady(): Promise<{
    readonly subscriptionIds: readonly SubscriptionId[];
    readonly nextDueAtMs: TimeMs | null;
  }> {
    const { data, clock } = this.#options;
    const nowMs = clock.now();
    const subscriptionIds: SubscriptionId[] = [];
    let nextDueAtMs: TimeMs | null = null;
    for (const state of data.subscriptions.values()) {
      if (state.subscription.state !== "active") continue;
      const dueAtMs = earlier(state.parked.nextDueAtMs, state.leaseEndMs);
      if (hasWork(state, dueAtMs, nowMs)) subscriptionIds.push(state.subscription.id);
      if (dueAtMs !== null && dueAtMs > nowMs) nextDueAtMs = earlier(nextDueAtMs, dueAtMs);
    }
    return { subscriptionIds, nextDueAtMs };
  }

  async retain(): Promise<RetentionResult> {
    const { data, clock } = this.#options;
    const result = retain(data, this.#options, clock.now());
    this.#notifyReady(result.expired.map(({ subscriptionId }) => subscriptionId));
    return result;
  }
}

function hasWork(state: SubscriptionState, dueAtMs: TimeMs | null, nowMs: TimeMs): boolean {
  return state.hasUnread || state.parked.size > 0 || (dueAtMs !== null && dueAtMs <= nowMs);
}
