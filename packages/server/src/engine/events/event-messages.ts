import { RingbackError } from "../../domain/errors.ts";
import { queueOfUrl } from "../../domain/endpoint-url-rule.ts";
import { eventsTopicName, queueOfLog } from "../../domain/internal-names.ts";
import { foldCase } from "../../domain/names.ts";
import type { AccountId, NewMessage, TimeMs, Topic } from "../../domain/model.ts";
import { everyPage } from "../../store/every-page.ts";
import { Listeners } from "../../store/listeners.ts";
import type { AccountLimits } from "../../domain/account-limits.ts";
import { engineLimits } from "../engine-limits.ts";
import type { EngineServices } from "../services.ts";
import type { EventLog } from "./event-log.ts";
import { EventRate } from "./event-rate.ts";
import type { EventMembers, EventType } from "./event-table.ts";
import { eventsTopicOf } from "./events-topic.ts";

/** An event that is to be a message on the topic `ringback.events` of its account. */
export interface OwnEvent<T extends EventType = EventType> {
  readonly type: T;
  readonly accountId: AccountId;
  readonly at: TimeMs;
  readonly members: EventMembers<T>;
  /** Nodes that report the same event give it the same key, and it is published once. Left out: only one reports it. */
  readonly key?: string;
}

export interface EventMessagesOptions extends Pick<EngineServices, "store" | "clock" | "timers"> {
  /** null: there is no such account any more. */
  readonly accountOf: (id: AccountId) => { readonly name: string; readonly limits: AccountLimits } | null;
  readonly log: EventLog;
}

/**
 * Publishes events on the topics `ringback.events`, in the order in which they were added. The number of events that
 * wait, and of events per account and minute, is bounded.
 */
export class EventMessages {
  readonly #options: EventMessagesOptions;
  readonly #rate: EventRate;
  readonly #waiting: OwnEvent[] = [];
  readonly #appended = new Listeners<AccountId>();
  #running: Promise<void> | null = null;
  #endPause: (() => void) | null = null;
  #stopped = false;

  constructor(options: EventMessagesOptions) {
    this.#options = options;
    this.#rate = new EventRate(options, (accountId, count) => {
      options.log.suppressed(accountId, count);
      const at = options.clock.wall();
      this.#enqueue({ type: "events.suppressed", accountId, at, members: { count } });
    });
  }

  /** Returns at once. The event is published in the background, or counted if there are too many. */
  add<T extends EventType>(event: OwnEvent<T>): void {
    if (this.#options.accountOf(event.accountId) === null) return;
    if (topicIn(event) === eventsTopicName) return this.#options.log.unpublished(event);
    if (!this.#rate.admits(event.accountId, event.type)) return;
    this.#enqueue(event);
  }

  /** The number of events since the start that were not published, because there were too many. */
  get suppressedTotal(): number {
    return this.#rate.suppressedTotal;
  }

  /** Counts events that were not made, because there were too many. */
  suppress(accountId: AccountId, count: number): void {
    this.#rate.suppress(accountId, count);
  }

  /** Calls the listener after events of an account were published by this process. */
  onAppended(listener: (accountId: AccountId) => void): void {
    this.#appended.add(listener);
  }

  /** Waits until every event is stored. Events that the store refuses are lost. */
  async stop(): Promise<void> {
    this.#rate.stop();
    this.#stopped = true;
    this.#endPause?.();
    await this.#running;
  }

  #enqueue(event: OwnEvent): void {
    if (this.#waiting.length >= engineLimits.eventsWaitingMax) {
      return this.#options.log.lost(event.type, new Error("too many events wait to be stored"));
    }
    this.#waiting.push(event);
    this.#running ??= this.#run().finally(() => (this.#running = null));
  }

  async #run(): Promise<void> {
    for (let event = this.#waiting[0]; event !== undefined; event = this.#waiting[0]) {
      try {
        await this.#publish(event);
      } catch (error) {
        if (isPassing(error) && !this.#stopped) {
          await this.#pause();
          continue;
        }
        this.#options.log.lost(event.type, error);
      }
      this.#waiting.shift();
    }
  }

  async #publish(event: OwnEvent): Promise<void> {
    const { store, accountOf, log } = this.#options;
    const account = accountOf(event.accountId);
    if (account === null) return;
    const topic = await eventsTopicOf(store.catalog, event.accountId, account.limits);
    if (await this.#isAboutReceiver(event, topic)) return log.unpublished(event);
    const idempotency = event.key === undefined ? null : { key: event.key, fingerprint: event.key };
    const messages = [messageOf(event, account.name)];
    const { replayed } = await store.log.append({ topicId: topic.id, messages, idempotency });
    if (!replayed) this.#appended.notify(event.accountId);
  }

  /** Whether the event is about a queue that receives events. Such an event would lead to the next one, without end. */
  async #isAboutReceiver(event: OwnEvent, { id }: Topic): Promise<boolean> {
    const queue = queueOfLog(topicIn(event) ?? "");
    if (queue === null) return false;
    const { catalog } = this.#options.store;
    for await (const subscriptions of everyPage((page) => catalog.listSubscriptions(id, page))) {
      const urls = subscriptions.map(({ settings }) => settings.push?.url ?? "");
      if (urls.some((url) => foldCase(queueOfUrl(url) ?? "") === queue)) return true;
    }
    return false;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.timers.after(engineLimits.eventRetryMs, resolve);
      this.#endPause = () => {
        cancel();
        resolve();
      };
    });
  }
}

function topicIn({ members }: Pick<OwnEvent, "members">): string | null {
  const { topic = null } = members as { readonly topic?: string | null };
  return topic;
}

/** Whether the same append can succeed later. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof RingbackError)) return false;
  return ["storage_full", "storage_unavailable", "overloaded", "topic_not_found"].includes(error.code);
}

function messageOf({ type, at, members }: OwnEvent, account: string): NewMessage {
  const event = { type, at: new Date(at).toISOString(), account, ...members };
  return {
    body: Buffer.from(JSON.stringify(event)),
    contentType: "application/json",
    type,
    tags: [],
    orderingKey: null,
    attributes: {},
    delayMs: 0,
  };
}
