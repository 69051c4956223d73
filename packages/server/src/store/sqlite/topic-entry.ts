import type { SubscriptionId } from "../../domain/model.ts";
import { NameIndex } from "../name-index.ts";
import { isListed } from "../topic-index.ts";
import type { SubscriptionEntry } from "./subscription-entry.ts";
import { TopicLog } from "./topic-log.ts";

/** A topic with its subscriptions. */
export class TopicEntry extends TopicLog {
  readonly subscriptions = new NameIndex<SubscriptionEntry>(isListed);
  #ids: readonly SubscriptionId[] | null = null;

  add(entry: SubscriptionEntry): void {
    this.subscriptions.set(entry.name, entry);
    this.#ids = null;
  }

  remove(entry: SubscriptionEntry): void {
    this.subscriptions.delete(entry.name);
    this.#ids = null;
  }

  /**
   * Returns the same array until a subscription is created or deleted, so that publishes need not build a new array.
   */
  get subscriptionIds(): readonly SubscriptionId[] {
    return (this.#ids ??= [...this.subscriptions.values()].map((entry) => entry.id));
  }
}
