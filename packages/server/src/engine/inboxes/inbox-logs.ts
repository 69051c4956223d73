import { RingbackError } from "../../domain/errors.ts";
import type { LimitsOf } from "../../domain/account-limits.ts";
import { eventsTopicName, inboxLogName } from "../../domain/internal-names.ts";
import { limits } from "../../domain/limits.ts";
import type { AccountId, Start, Topic } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import type { Store } from "../../store/store.ts";
import { eventsTopicOf } from "../events/events-topic.ts";
import { type InternalLog, InternalLogs, settingsForClients } from "../internal-logs.ts";
import type { InboxDetails } from "./inboxes.ts";

/**
 * Creates and removes the log and the subscription of an inbox. The log is the inbox's own or that of a topic, and the
 * subscription to it is not pushed. A message of an inbox is therefore written only once.
 */
export class InboxLogs extends InternalLogs {
  readonly #clock: Clock;
  readonly #limitsOf: LimitsOf;

  constructor(store: Store, accountId: AccountId, clock: Clock, limitsOf: LimitsOf) {
    super(store, accountId);
    this.#clock = clock;
    this.#limitsOf = limitsOf;
  }

  async find({ name, topic }: InboxDetails): Promise<InternalLog | null> {
    return this.logOf(await this.topicNamed(topic ?? inboxLogName(name)), inboxLogName(name));
  }

  /** The topic that the inbox publishes into. Throws `topic_not_found`. */
  async publishedTopic(name: string): Promise<Topic> {
    if (name === eventsTopicName) {
      return eventsTopicOf(this.catalog, this.accountId, this.#limitsOf(this.accountId));
    }
    const topic = await this.topicNamed(name);
    if (topic !== null) return topic;
    throw new RingbackError("topic_not_found", `The inbox publishes into the topic "${name}", which does not exist.`);
  }

  /** Creates the log and the subscription if they are missing, and updates the settings of the log. */
  async make(inbox: InboxDetails, begin: "now" | "recover"): Promise<InternalLog> {
    const topic = inbox.topic === null ? await this.#ownLog(inbox) : await this.publishedTopic(inbox.topic);
    const start = begin === "now" ? begin : this.#recoveredStart(inbox, topic);
    const name = inboxLogName(inbox.name);
    const { subscription } = await this.catalog.putSubscription(topic.id, name, settingsForClients(), start);
    return { topic, subscription };
  }

  /** Removes all messages from the inbox. If the inbox reads a topic, the topic's log keeps the messages. */
  async empty({ topic }: InternalLog, inbox: InboxDetails): Promise<void> {
    await this.catalog.deleteSubscription(topic.id, inboxLogName(inbox.name));
  }

  async remove(inbox: InboxDetails): Promise<void> {
    if (inbox.topic === null) await this.catalog.deleteTopic(this.accountId, inboxLogName(inbox.name));
    else {
      const log = await this.find(inbox);
      if (log !== null) await this.empty(log, inbox);
    }
  }

  async #ownLog({ name, retentionMs, bodyBytesMax }: InboxDetails): Promise<Topic> {
    const settings = { bodyBytesMax, retentionMs: retentionMs ?? limits.retentionMsDefault };
    return (await this.catalog.putTopic(this.accountId, inboxLogName(name), settings)).topic;
  }

  /**
   * The start of a subscription that replaces the missing one of an existing inbox. A subscription is missing after its
   * topic was deleted and created again, or after a crash. The inbox then gets the messages published since, unless it
   * keeps messages only while it is polled.
   */
  #recoveredStart({ whilePolledMs, updatedAtMs }: InboxDetails, topic: Topic): Start {
    const atMs = Math.max(topic.createdAtMs, updatedAtMs);
    return whilePolledMs === null && atMs <= this.#clock.wall() ? { atMs } : "now";
  }
}
