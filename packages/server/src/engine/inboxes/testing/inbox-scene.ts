import type { InboxInput } from "../../../domain/inbox-rules.ts";
import { normaliseInbox } from "../../../domain/inbox-rules.ts";
import type { Topic, TopicSettings } from "../../../domain/model.ts";
import { createEventBus } from "../../event-bus.ts";
import type { Arrived, TakenMessage } from "../inboxes.ts";
import type { LiveEvent } from "../../live-events.ts";
import type { Publisher, PublishResult } from "../../publisher.ts";
import { createPublisher } from "../../publisher.ts";
import { FaultyStore } from "../../testing/faulty-store.ts";
import { MortalTimers } from "../../testing/mortal-timers.ts";
import { RecordingObserver } from "../../testing/recording-observer.ts";
import { SeededRandom } from "../../testing/seeded-random.ts";
import { messageOf } from "../../testing/simulation.ts";
import { VirtualTime } from "../../testing/virtual-time.ts";
import { AccountInboxes } from "../account-inboxes.ts";
import { normaliseTopic } from "../../../domain/topic-rules.ts";

export const stays = new AbortController().signal;

/** The real inboxes and the real publisher in virtual time, on a store in memory. */
export class InboxScene {
  readonly time = new VirtualTime();
  readonly store: FaultyStore;
  readonly observer = new RecordingObserver();
  readonly told: LiveEvent[] = [];
  readonly failures: unknown[] = [];
  readonly publisher: Publisher;
  readonly #events = createEventBus();
  timers: MortalTimers;
  inboxes: AccountInboxes;
  /** How often the store was asked for a message. */
  claims = 0;

  constructor() {
    this.store = new FaultyStore({ clock: this.time, timers: this.time, random: new SeededRandom(1) });
    const claim = this.store.log.claim.bind(this.store);
    this.store.log.claim = (wants, leaseMs) => {
      this.claims++;
      return claim(wants, leaseMs);
    };
    this.#events.subscribe((event) => this.told.push(event));
    const { store, observer, time: clock } = this;
    this.publisher = createPublisher({ store, observer, clock, events: this.#events });
    this.timers = new MortalTimers(this.time);
    this.inboxes = this.#open();
  }

  /** The process ends without a word, and another one begins. */
  restart(): void {
    this.timers.kill();
    this.store.callerDied();
    this.timers = new MortalTimers(this.time);
    this.inboxes = this.#open();
  }

  #open(): AccountInboxes {
    const { store, publisher, observer, timers } = this;
    const failed = (error: unknown): void => void this.failures.push(error);
    const inboxes = new AccountInboxes({
      store,
      publisher,
      observer,
      timers,
      clock: this.time,
      events: this.#events,
      failed,
    });
    inboxes.start();
    return inboxes;
  }

  put(name: string, input: InboxInput = {}) {
    return this.inboxes.put(name, normaliseInbox(input));
  }

  keep(name: string, text: string, contentType: string | null = null): Promise<Arrived> {
    return this.inboxes.keep(name, { body: Buffer.from(text), contentType });
  }

  take(name: string, waitMs = 0, gone: AbortSignal = stays): Promise<TakenMessage | null> {
    return this.inboxes.take(name, { waitMs, gone });
  }

  /** Takes the oldest for good; null when there is none. */
  async next(name: string): Promise<string | null> {
    const taken = await this.take(name);
    taken?.done(true);
    await this.time.quiet();
    return textOf(taken);
  }

  async all(name: string): Promise<string[]> {
    const texts: string[] = [];
    for (let text = await this.next(name); text !== null; text = await this.next(name)) texts.push(text);
    return texts;
  }

  async waiting(name: string): Promise<number> {
    const inbox = await this.inboxes.get(name);
    return inbox === null ? Number.NaN : this.inboxes.waitingCount(inbox);
  }

  async topic(name: string, settings: Partial<TopicSettings> = {}): Promise<Topic> {
    return (await this.store.catalog.putTopic(this.store.catalog.defaultAccount().id, name, normaliseTopic(settings)))
      .topic;
  }

  publish(topic: Topic, ...messages: Parameters<typeof messageOf>[0][]): Promise<PublishResult> {
    return this.publisher.publish(topic, messages.map(messageOf), null);
  }
}

export function textOf(taken: TakenMessage | null): string | null {
  return taken === null ? null : Buffer.from(taken.message.body).toString();
}
