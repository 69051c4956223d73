import { randomBytes } from "node:crypto";
import { unlimited } from "../../../domain/account-limits.ts";
import { withRetention } from "../../../domain/inbox-rules.ts";
import type { InboxSettings } from "../../../domain/inbox-rules.ts";
import { limits } from "../../../domain/limits.ts";
import type { Topic, TopicSettings } from "../../../domain/model.ts";
import type { Timers } from "../../../domain/ports.ts";
import { createEventBus } from "../../event-bus.ts";
import type { LiveEvent } from "../../live-events.ts";
import type { Publisher, PublishResult } from "../../publisher.ts";
import { createPublisher } from "../../publisher.ts";
import { FaultyStore } from "../../testing/faulty-store.ts";
import { MortalTimers } from "../../testing/mortal-timers.ts";
import { plainTopic } from "../../testing/plain-settings.ts";
import { RecordingObserver } from "../../testing/recording-observer.ts";
import { SeededRandom } from "../../testing/seeded-random.ts";
import { messageOf } from "../../testing/simulation.ts";
import { VirtualTime } from "../../testing/virtual-time.ts";
import type { LeasedMessage } from "../../pull/leased-delivery.ts";
import { PullQueues } from "../../pull/pull-queues.ts";
import { AccountInboxes } from "../account-inboxes.ts";
import { InboxVerifier } from "../inbox-verifier.ts";
import type { Arrived } from "../inboxes.ts";

const plain: InboxSettings = {
  topic: null,
  accept: "any",
  whilePolledMs: null,
  retentionMs: null,
  messagesMax: limits.inboxMessagesDefault,
  bodyBytesMax: limits.bodyBytesMax,
  verify: null,
};

const masterKey = Buffer.alloc(32, 7).toString("base64url");

export const stays = new AbortController().signal;

/** The real inboxes and the real publisher in virtual time, on a store in memory. */
export class InboxScene {
  readonly time = new VirtualTime();
  readonly store: FaultyStore;
  readonly observer = new RecordingObserver();
  readonly liveEvents: LiveEvent[] = [];
  readonly failures: unknown[] = [];
  readonly publisher: Publisher;
  readonly #events = createEventBus();
  timers: MortalTimers;
  pullQueues: PullQueues;
  inboxes: AccountInboxes;
  /** Number of claims so far. */
  claims = 0;
  #afterClaim: (() => unknown) | null = null;

  constructor(seed = 1) {
    this.store = new FaultyStore({ clock: this.time, timers: this.time, random: new SeededRandom(seed) });
    const claim = this.store.log.claim.bind(this.store);
    this.store.log.claim = async (wants, leaseMs) => {
      this.claims++;
      const claims = await claim(wants, leaseMs);
      const work = this.#afterClaim;
      this.#afterClaim = null;
      await work?.();
      return claims;
    };
    this.#events.subscribe((event) => this.liveEvents.push(event));
    const { store, observer, time: clock } = this;
    this.publisher = createPublisher({ store, observer, clock, events: this.#events });
    this.timers = new MortalTimers(prompt(this.time));
    this.pullQueues = this.#openQueues();
    this.inboxes = this.#openInboxes();
  }

  /** Kills the process and starts another one on the same store. */
  restart(): void {
    this.timers.kill();
    this.store.callerDied();
    this.timers = new MortalTimers(prompt(this.time));
    this.pullQueues = this.#openQueues();
    this.inboxes = this.#openInboxes();
  }

  #openQueues(): PullQueues {
    const { store, observer, timers, time: clock } = this;
    const failed = (error: unknown): void => void this.failures.push(error);
    const pullQueues = new PullQueues({ store, observer, timers, clock, events: this.#events, failed });
    pullQueues.start();
    return pullQueues;
  }

  #openInboxes(): AccountInboxes {
    const { store, publisher, observer, pullQueues, time: clock } = this;
    const failed = (error: unknown): void => void this.failures.push(error);
    const verifier = new InboxVerifier({ clock, masterKeys: [masterKey], failed });
    return new AccountInboxes({
      accountId: store.catalog.defaultAccount().id,
      limitsOf: () => unlimited,
      store,
      publisher,
      observer,
      pullQueues,
      verifier,
      randomBytes,
      clock,
      events: this.#events,
    });
  }

  /** Runs the work once, when the store has made the next claim and before the engine gets it. */
  afterNextClaim(work: () => unknown): void {
    this.#afterClaim = work;
  }

  put(name: string, settings: Partial<InboxSettings> = {}) {
    return this.inboxes.put(name, withRetention({ ...plain, ...settings }));
  }

  keep(name: string, text: string, contentType: string | null = null): Promise<Arrived> {
    return this.inboxes.keep(name, { body: Buffer.from(text), contentType });
  }

  take(name: string, waitMs = 0, gone: AbortSignal = stays): Promise<LeasedMessage | null> {
    return this.inboxes.take(name, { waitMs, gone });
  }

  /** Takes and settles the oldest message; null: there is none. */
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
    return (
      await this.store.catalog.putTopic(this.store.catalog.defaultAccount().id, name, { ...plainTopic, ...settings })
    ).topic;
  }

  publish(topic: Topic, ...messages: Parameters<typeof messageOf>[0][]): Promise<PublishResult> {
    return this.publisher.publish(topic, messages.map(messageOf), null);
  }
}

/**
 * Timers that run the tasks given to `soon` by themselves, so that a test can await a request without advancing the
 * time.
 */
function prompt(time: VirtualTime): Timers {
  return {
    after: (delayMs, task) => time.after(delayMs, task),
    soon(task) {
      time.soon(task);
      setImmediate(() => void time.quiet());
    },
  };
}

export function textOf(taken: LeasedMessage | null): string | null {
  return taken === null ? null : Buffer.from(taken.message.body).toString();
}
