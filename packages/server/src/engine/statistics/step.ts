import type { Subscription, SubscriptionId, TimeMs } from "../../domain/model.ts";
import type { TallyOwner, TallyStepMs } from "../../store/tallies.ts";
import { Tally } from "./tally.ts";

export interface Series {
  readonly owner: TallyOwner;
  readonly tally: Tally;
}

/** The counts of one step, for every owner that had an event. */
export class Step {
  readonly stepMs: TallyStepMs;
  readonly atMs: TimeMs;
  /** By the text of the owner. */
  readonly #series = new Map<string, Series>();
  /** The tallies of a subscription, its topic and its account, which are needed for each outcome. */
  readonly #ofSubscriptions = new Map<SubscriptionId, readonly Tally[]>();

  constructor(stepMs: TallyStepMs, nowMs: TimeMs) {
    this.stepMs = stepMs;
    this.atMs = Math.floor(nowMs / stepMs) * stepMs;
  }

  contains(nowMs: TimeMs): boolean {
    return nowMs >= this.atMs && nowMs < this.atMs + this.stepMs;
  }

  series(): Iterable<Series> {
    return this.#series.values();
  }

  find(owner: TallyOwner): Tally | undefined {
    return this.#series.get(keyOf(owner))?.tally;
  }

  tallyOf(owner: TallyOwner): Tally {
    const known = this.find(owner);
    if (known !== undefined) return known;
    const tally = new Tally();
    this.#series.set(keyOf(owner), { owner, tally });
    return tally;
  }

  talliesOf({ id: subscriptionId, topicId, accountId }: Pick<Subscription, "id" | "topicId" | "accountId">) {
    const known = this.#ofSubscriptions.get(subscriptionId);
    if (known !== undefined) return known;
    const tallies = [
      this.tallyOf({ accountId, topicId: null, subscriptionId: null }),
      this.tallyOf({ accountId, topicId, subscriptionId: null }),
      this.tallyOf({ accountId, topicId, subscriptionId }),
    ];
    this.#ofSubscriptions.set(subscriptionId, tallies);
    return tallies;
  }
}

function keyOf({ accountId, topicId, subscriptionId }: TallyOwner): string {
  return `${accountId} ${topicId ?? ""} ${subscriptionId ?? ""}`;
}
