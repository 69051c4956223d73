import type { Message, TimeMs } from "../../domain/model.ts";
import { NameIndex } from "../name-index.ts";
import { isListed } from "../topic-index.ts";
import type { SubscriptionState } from "./subscription-state.ts";
import { TopicLog } from "./topic-log.ts";

export class TopicState extends TopicLog {
  readonly subscriptions = new NameIndex<SubscriptionState>(isListed);

  /**
   * Removes messages past their retention, oldest first, up to the first open delivery. Returns how many, and how many
   * of them each subscription had not been delivered.
   */
  trim(
    nowMs: TimeMs,
    messagesMax: number,
    keepsSettled: boolean,
  ): { readonly removed: number; readonly expired: Map<SubscriptionState, number> } {
    const expired = new Map<SubscriptionState, number>();
    const throughMs = nowMs - this.topic.settings.retentionMs;
    const subscriptions = [...this.subscriptions.values()];
    for (const each of subscriptions) each.releaseExpired(nowMs);
    const from = this.firstSeq;
    while (this.firstSeq <= this.lastSeq && this.firstSeq - from < messagesMax) {
      const message = this.message(this.firstSeq) as Message;
      const isNeeded = keepsSettled || subscriptions.some((each) => each.hasUnsettled(message.seq));
      if (isNeeded && message.publishedAtMs > throughMs) break;
      if (subscriptions.some((each) => each.hasOpenInLog(message.seq))) break;
      for (const each of subscriptions) {
        if (each.expire(message, nowMs)) expired.set(each, (expired.get(each) ?? 0) + 1);
      }
      this.removeFirst();
    }
    for (const each of subscriptions) each.cursor.skipThrough(this.firstSeq - 1);
    return { removed: this.firstSeq - from, expired };
  }
}
