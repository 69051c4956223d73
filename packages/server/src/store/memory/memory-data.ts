import type { Account, AccountId, SubscriptionId, TimeMs, TopicId } from "../../domain/model.ts";
import { EntryIndex } from "../entry-index.ts";
import { TopicIndex } from "../topic-index.ts";
import { Claims } from "./claims.ts";
import type { SubscriptionState } from "./subscription-state.ts";
import type { TopicState } from "./topic-state.ts";

/** Everything that a memory store keeps. */
export class MemoryData {
  readonly account: Account;
  readonly topics = new TopicIndex<TopicState>();
  readonly subscriptions = new Map<SubscriptionId, SubscriptionState>();
  readonly claims = new Claims();
  readonly entries = new EntryIndex();
  #lastTopicId = 0;
  #lastSubscriptionId = 0;
  #lastRecordId = 0;

  constructor(account: { readonly name: string; readonly appId: number }) {
    this.account = { id: 1 as AccountId, ...account };
  }

  /** Makes every open delivery claimable, as after the end of the process that held the claims. */
  releaseClaims(nowMs: TimeMs): void {
    for (const state of this.subscriptions.values()) state.releaseAll(nowMs);
  }

  nextTopicId(): TopicId {
    return ++this.#lastTopicId as TopicId;
  }

  nextSubscriptionId(): SubscriptionId {
    return ++this.#lastSubscriptionId as SubscriptionId;
  }

  /** Attempts and dead letters share one sequence of ids. */
  nextRecordId(): number {
    return ++this.#lastRecordId;
  }
}
