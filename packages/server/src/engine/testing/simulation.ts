import type { ProtocolKey } from "@ringback/sdk/protocols";
import type {
  NewMessage,
  PushSettings,
  Subscription,
  SubscriptionId,
  SubscriptionSettings,
  TimeMs,
  Topic,
  TopicSettings,
} from "../../domain/model.ts";
import { Engine } from "../engine.ts";
import { createEventBus } from "../event-bus.ts";
import type { EventBus } from "../event-bus.ts";
import { ProcessClock } from "../../domain/process-clock.ts";
import { EndpointSecrets } from "../keys/endpoint-secrets.ts";
import type { PublishResult } from "../publisher.ts";
import { FaultyStore } from "./faulty-store.ts";
import { MortalTimers } from "./mortal-timers.ts";
import { RecordingObserver } from "./recording-observer.ts";
import { plainPush, plainSubscription, plainTopic } from "./plain-settings.ts";
import { ScriptedTransport, type Post, type Reaction, type Script } from "./scripted-transport.ts";
import { SeededRandom } from "./seeded-random.ts";
import { VirtualTime } from "./virtual-time.ts";

const encoder = new TextEncoder();

export type Subscribing = Partial<Omit<SubscriptionSettings, "push" | "filter">> & {
  readonly push?: Partial<PushSettings>;
  readonly filter?: Partial<SubscriptionSettings["filter"]>;
  readonly script?: Script | Reaction;
};

/** The real engine in virtual time, with a store in memory and scripted endpoints. The same seed gives the same run. */
export class Simulation {
  readonly time = new VirtualTime();
  /** The clock of the engine and of the store. */
  readonly clock = new ProcessClock({ wallMs: () => this.time.wall(), monotonicMs: () => this.time.now() });
  readonly random: SeededRandom;
  readonly store: FaultyStore;
  readonly events: EventBus;
  readonly observer = new RecordingObserver();
  /** Errors that the engine reported to `failed`. */
  readonly failures: { readonly during: string; readonly error: unknown }[] = [];
  /** The lines that the operator would find in the log. */
  readonly logged: string[] = [];
  /** All POSTs in order, including those of engines that were stopped or killed since. */
  readonly posts: Post[] = [];
  readonly #inFlightMax: number;
  readonly #scripts = new Map<string, Script>();
  #running: { readonly engine: Engine; readonly transport: ScriptedTransport; readonly timers: MortalTimers } | null =
    null;
  /** Called with each POST before it is sent. */
  onPost: (post: Post) => void = () => {};
  /** The account's keys by name. */
  readonly keys = new Map<string, ProtocolKey>();
  /** The most POSTs in flight at a time. */
  inFlightPeak = 0;

  constructor(options: { readonly seed?: number; readonly inFlightMax?: number } = {}) {
    this.random = new SeededRandom(options.seed ?? 1);
    this.#inFlightMax = options.inFlightMax ?? 1_000;
    this.store = new FaultyStore({ clock: this.clock, timers: this.time, random: this.random });
    this.events = createEventBus();
  }

  static async started(options: { readonly seed?: number; readonly inFlightMax?: number } = {}): Promise<Simulation> {
    const simulation = new Simulation(options);
    await simulation.start();
    return simulation;
  }

  get nowMs(): TimeMs {
    return this.time.now();
  }

  get engine(): Engine {
    if (this.#running === null) throw new Error("the engine is not running");
    return this.#running.engine;
  }

  get inFlight(): number {
    return this.#running?.transport.inFlight ?? 0;
  }

  /** Timers that are still set. A stopped engine must leave none. */
  get timersWaiting(): number {
    return this.#running?.timers.waiting.size ?? 0;
  }

  async start(): Promise<void> {
    const timers = new MortalTimers(this.time);
    const transport = new ScriptedTransport({
      clock: this.time,
      timers,
      scriptOf: (origin) => this.#scripts.get(origin) ?? (() => ({ status: 204, afterMs: 5 })),
      posted: (post) => {
        this.onPost(post);
        this.posts.push(post);
        this.inFlightPeak = Math.max(this.inFlightPeak, transport.inFlight);
      },
    });
    const engine = new Engine({
      store: this.store,
      transport,
      tracer: null,
      events: this.events,
      observer: this.observer,
      clock: this.clock,
      timers,
      random: this.random,
      log: {
        failing: ({ name }) => this.logged.push(`${name} failing`),
        recovered: ({ name }) => this.logged.push(`${name} recovered`),
        breakerOpened: ({ name }) => this.logged.push(`${name} opened`),
        breakerClosed: ({ name }) => this.logged.push(`${name} closed`),
        backlogGrowing: ({ name }) => this.logged.push(`${name} backlog`),
        disabled: ({ name }) => this.logged.push(`${name} disabled`),
        expired: () => {},
      },
      keyRingOf: () => ({
        find: (kid) => Promise.resolve(this.keys.get(kid) ?? null),
        findAll: (kid) => Promise.resolve([this.keys.get(kid) ?? []].flat()),
      }),
      appIdOf: () => this.store.catalog.defaultAccount().appId,
      endpointSecrets: new EndpointSecrets({ clock: this.clock, masterKeys: [], failed: () => {} }),
      inFlightMax: this.#inFlightMax,
      randomBytes: (count) => new Uint8Array(count).fill(7),
      publicName: "ringback.test",
      isVerificationRequired: false,
      failed: (error, during) => this.failures.push({ during, error }),
    });
    this.#running = { engine, transport, timers };
    await this.finished(engine.start());
  }

  async stop(graceMs: number): Promise<void> {
    await this.finished(this.engine.stop(graceMs));
  }

  /** Kills the simulated process immediately. Its claims are lost. */
  kill(): void {
    this.#running?.timers.kill();
    for (const post of this.posts) post.endedAtMs ??= this.nowMs;
    this.store.callerDied();
  }

  /** Lets time pass until the promise is settled. */
  finished<T>(promise: Promise<T>): Promise<T> {
    return this.time.untilSettled(promise);
  }

  async topic(name = "orders", settings: Partial<TopicSettings> = {}): Promise<Topic> {
    return (
      await this.store.catalog.putTopic(this.store.catalog.defaultAccount().id, name, { ...plainTopic, ...settings })
    ).topic;
  }

  /** Creates a subscription. Its endpoint is `http://<name>.test` unless `push.url` is given. */
  async subscribe(
    topic: Topic,
    name: string,
    { script, push, filter, ...rest }: Subscribing = {},
  ): Promise<Subscription> {
    const url = push?.url ?? `http://${name.toLowerCase()}.test/callback`;
    if (script !== undefined) this.script(new URL(url).origin, script);
    const settings = {
      ...plainSubscription,
      ...rest,
      push: { ...plainPush, ...push, url },
      filter: { tags: [], types: [], ...filter },
    };
    return (await this.store.catalog.putSubscription(topic.id, name, settings, "now")).subscription;
  }

  script(origin: string, script: Script | Reaction): void {
    this.#scripts.set(origin, typeof script === "function" ? script : () => script);
  }

  publish(topic: Topic, ...messages: readonly (string | Partial<NewMessage>)[]): Promise<PublishResult> {
    return this.engine.publisher.publish(topic, messages.map(messageOf), null);
  }

  postsTo(subscription: { readonly name: string }): Post[] {
    return this.posts.filter(({ headers }) => headers["ringback-subscription"] === subscription.name);
  }

  counts(subscription: { readonly id: SubscriptionId }) {
    return this.store.records.subscriptionCounts(subscription.id);
  }
}

export function messageOf(message: string | Partial<NewMessage>): NewMessage {
  const given = typeof message === "string" ? { body: encoder.encode(message) } : message;
  return {
    body: encoder.encode("hello"),
    contentType: null,
    tags: [],
    type: null,
    orderingKey: null,
    attributes: {},
    delayMs: 0,
    ...given,
  };
}

export function bodyOf(post: Post): string {
  return new TextDecoder().decode(post.body);
}

/** The time from each POST's end to the start of the next. */
export function pausesMs(posts: readonly Post[]): number[] {
  return posts.slice(1).map((post, index) => post.startedAtMs - Number(posts[index]?.endedAtMs));
}
