import { unlimited } from "../../../domain/account-limits.ts";
import type { NewMessage, Order, PullSettings, Subscription, Topic } from "../../../domain/model.ts";
import { createEventBus } from "../../event-bus.ts";
import type { LiveEvent } from "../../live-events.ts";
import type { Publisher } from "../../publisher.ts";
import type { PulledMessage, PullOptions } from "../pulls.ts";
import type { QueueSettings } from "../../queues/queues.ts";
import { createPublisher } from "../../publisher.ts";
import { AccountQueues } from "../../queues/account-queues.ts";
import { FaultyStore } from "../../testing/faulty-store.ts";
import { MortalTimers } from "../../testing/mortal-timers.ts";
import { plainTopic } from "../../testing/plain-settings.ts";
import { RecordingObserver } from "../../testing/recording-observer.ts";
import { SeededRandom } from "../../testing/seeded-random.ts";
import { messageOf } from "../../testing/simulation.ts";
import { VirtualTime } from "../../testing/virtual-time.ts";
import { AccountPulls } from "../account-pulls.ts";
import { PullQueues } from "../pull-queues.ts";

export const stays = new AbortController().signal;
export const visibilityMs = 30_000;

export interface Node {
  readonly pullQueues: PullQueues;
  readonly pulls: AccountPulls;
  readonly queues: AccountQueues;
  readonly timers: MortalTimers;
}

/**
 * The real pulls, queues and publisher in virtual time, on a store in memory. Several nodes can share the store.
 */
export class PullScene {
  readonly time = new VirtualTime();
  readonly store: FaultyStore;
  readonly observer = new RecordingObserver();
  readonly liveEvents: LiveEvent[] = [];
  readonly failures: unknown[] = [];
  readonly publisher: Publisher;
  readonly #events = createEventBus();
  node: Node;
  /** Numbers of calls of `claim` and of `findReady` so far. */
  claims = 0;
  findings = 0;

  constructor(seed = 1) {
    this.store = new FaultyStore({ clock: this.time, timers: this.time, random: new SeededRandom(seed) });
    const claim = this.store.log.claim.bind(this.store);
    this.store.log.claim = (wants, leaseMs) => {
      this.claims++;
      return claim(wants, leaseMs);
    };
    const findReady = this.store.log.findReady.bind(this.store);
    this.store.log.findReady = () => {
      this.findings++;
      return findReady();
    };
    this.#events.subscribe((event) => this.liveEvents.push(event));
    const { store, observer, time: clock } = this;
    this.publisher = createPublisher({ store, observer, clock, events: this.#events });
    this.node = this.addNode();
  }

  get pulls(): AccountPulls {
    return this.node.pulls;
  }

  get queues(): AccountQueues {
    return this.node.queues;
  }

  addNode(): Node {
    const { store, publisher, observer, time: clock } = this;
    const timers = new MortalTimers(this.time);
    const failed = (error: unknown): void => void this.failures.push(error);
    const pullQueues = new PullQueues({ store, observer, timers, clock, events: this.#events, failed });
    const pulls = new AccountPulls({ store, pullQueues, observer, clock, events: this.#events });
    const accountId = store.catalog.defaultAccount().id;
    const queues = new AccountQueues({ accountId, limitsOf: () => unlimited, store, publisher, pulls, clock, failed });
    pulls.sendDeadLetters((subscription) => queues.deadLetterTarget(subscription));
    pullQueues.start();
    return { pullQueues, pulls, queues, timers };
  }

  /** Kills the process and starts another one on the same store. */
  restart(): void {
    this.node.timers.kill();
    this.store.callerDied();
    this.node = this.addNode();
  }

  async subscribe(name: string, pull: Partial<PullSettings> = {}, order: Order = "none"): Promise<Subscription> {
    const { topic } = await this.store.catalog.putTopic(this.store.catalog.defaultAccount().id, "orders", plainTopic);
    return this.put(topic, name, pull, order);
  }

  async put(topic: Topic, name: string, pull: Partial<PullSettings>, order: Order = "none"): Promise<Subscription> {
    const { subscription } = await this.store.catalog.putSubscription(
      topic.id,
      name,
      {
        push: null,
        pull: { visibilityMs, receivesMax: null, ...pull },
        filter: { tags: [], types: [] },
        retry: "none",
        order,
        maxInFlight: 200,
        breaker: null,
        disableAfterMs: null,
      },
      "oldest",
    );
    return subscription;
  }

  async publish(...messages: (string | Partial<NewMessage>)[]): Promise<void> {
    const topic = await this.store.catalog.getTopic(this.store.catalog.defaultAccount().id, "orders");
    if (topic === null) throw new Error("nobody has subscribed");
    await this.publisher.publish(topic, messages.map(messageOf), null);
  }

  pull(subscription: Subscription, want: Partial<PullOptions> = {}): Promise<readonly PulledMessage[]> {
    return this.finished(this.request(subscription, want));
  }

  /** Sends a pull request without waiting for the answer. */
  request(
    subscription: Subscription,
    want: Partial<PullOptions> = {},
    node = this.node,
  ): Promise<readonly PulledMessage[]> {
    const request = node.pulls.pull(subscription, wantOf(want));
    request.catch(() => {});
    return request;
  }

  /** Lets time pass until the promise is settled. */
  finished<T>(promise: Promise<T>): Promise<T> {
    return this.time.untilSettled(promise);
  }

  async texts(subscription: Subscription, messagesMax = 100): Promise<string[]> {
    return (await this.pull(subscription, { messagesMax })).map(textOf);
  }

  queue(name: string, settings: Partial<QueueSettings> = {}) {
    return this.queues.create(name, { ...queueDefaults, ...settings });
  }

  send(name: string, ...texts: string[]) {
    return this.queues.send(
      name,
      texts.map((text) => ({ body: Buffer.from(text), delayMs: 0 })),
    );
  }

  receive(name: string, want: Partial<PullOptions> = {}): Promise<readonly PulledMessage[]> {
    return this.finished(this.queues.receive(name, wantOf(want)));
  }

  /** Receives and acknowledges until the queue is empty. */
  async drain(name: string): Promise<string[]> {
    const texts: string[] = [];
    for (;;) {
      const messages = await this.receive(name, { messagesMax: 16 });
      if (messages.length === 0) return texts;
      texts.push(...messages.map(textOf));
      await this.queues.acknowledge(
        name,
        messages.map(({ receiptHandle }) => receiptHandle),
      );
    }
  }
}

export const queueDefaults: QueueSettings = {
  messagesMax: 1_000,
  waitMs: 0,
  visibilityMs,
  bodyBytesMax: 64 * 1024,
  retentionMs: 4 * 24 * 3600_000,
  rewindMs: 0,
  deadLetters: null,
};

export function wantOf(want: Partial<PullOptions>): PullOptions {
  return { messagesMax: 1, waitMs: 0, visibilityMs: null, gone: stays, ...want };
}

export function textOf({ message }: PulledMessage): string {
  return Buffer.from(message.body).toString();
}
