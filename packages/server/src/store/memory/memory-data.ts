import type { Account, AccountId, SubscriptionId, TimeMs, TopicId } from "../../domain/model.ts";
import { EntryIndex } from "../entry-index.ts";
import { TopicIndex } from "../topic-index.ts";
import { Claims } from "./claims.ts";
import type { SubscriptionState } from "./subscription-state.ts";
import type { TopicLog } from "./topic-log.ts";

/** Everything that a store in memory keeps. */
export class MemoryData {
  readonly account: Account;
  readonly topics = new TopicIndex<TopicLog>();
  readonly subscriptions = new Map<SubscriptionId, SubscriptionState>();
  readonly claims = new Claims();
  readonly entries = new EntryIndex();
  #lastTopicId = 0;
  #lastSubscriptionId = 0;
  #lastRecordId = 0;

  constructor(account: { readonly name: string; readonly appId: number }) {
    this.account = { id: 1 as AccountId, ...account };
  }

  /** As after the end of the process that held the claims: what was open may be claimed again. */
  releaseClaims(nowMs: TimeMs): void {
    for (const state of this.subscriptions.values()) state.releaseAll(nowMs);
  }

  nextTopicId(): TopicId {
    return ++this.#lastTopicId as TopicId;
  }

  nextSubscriptionId(): SubscriptionId {
    return ++this.#lastSubscriptionId as SubscriptionId;
  }

  /** Of an attempt or a dead letter. */
  nextRecordId(): number {
    return ++this.#lastRecordId;
  }
}
