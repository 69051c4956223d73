import { messageId, parseMessageId } from "../../domain/message-id.ts";
import type { MessageId, Seq, Subscription, Topic } from "../../domain/model.ts";
import type { Replay } from "../../store/replays.ts";
import { jumps } from "./clock-jumps.ts";
import { randomControls, randomReplay, randomSubscription } from "./control-actions.ts";
import type { Received } from "./controlled-delivery.ts";
import { ControlledSubscription } from "./controlled-subscription.ts";
import { ProbeJudge } from "./probe-judge.ts";
import type { Post } from "./scripted-transport.ts";
import { SeededRandom } from "./seeded-random.ts";
import { Simulation } from "./simulation.ts";
import { Tempers } from "./tempers.ts";

export interface ControlChaosOptions {
  readonly seed: number;
  /** True: wake-ups are lost and leases expire, and the engine finds the work by polling. */
  readonly losesWakeUps: boolean;
  /** True: the machine's clock is set at about every tenth step. */
  readonly clockJumps: boolean;
}

interface Requested {
  readonly replay: Replay;
  readonly target: ControlledSubscription;
  readonly seqs: readonly Seq[];
  readonly createdAtMs: number;
}

const ACTIONS = 40;
/** Two subscriptions share the first origin. */
const endpoints = [
  ["sub0", "http://one.test"],
  ["sub1", "http://one.test"],
  ["sub2", "http://two.test"],
] as const;
const names = ["sub0", "sub1", "sub2"] as const;
/** How long a lease may outlive the process that does not know that it has expired. */
const LEASE_MS = 130_000;
/** Every probe, hold and retry happens within this time. */
const END_MS = 2 * 3_600_000;

/**
 * Runs an engine with rates, breakers, disabling and replays through random events. Checks the promises by the POSTs
 * that the endpoints received, and by what the API shows.
 */
export class ControlChaos {
  readonly simulation: Simulation;
  /** Descriptions of broken promises. */
  readonly violations: string[] = [];
  /** How often things happened that the promises are about. A run in which nothing happens shows nothing. */
  readonly seen = new Map<string, number>();
  readonly #options: ControlChaosOptions;
  readonly #random: SeededRandom;
  readonly #tempers: Tempers;
  readonly #probes = new ProbeJudge();
  readonly #controlled = new Map<string, ControlledSubscription>();
  readonly #subscriptions = new Map<string, Subscription>();
  #requested: Requested[] = [];
  #types: (string | null)[] = [];
  #topic: Topic | null = null;
  /** Two runs with the same seed have the same POSTs up to this number, whatever the clock does. */
  comparable = Number.POSITIVE_INFINITY;

  constructor(options: ControlChaosOptions) {
    const { seed } = options;
    this.#options = options;
    this.#random = new SeededRandom(seed);
    this.#tempers = new Tempers(new SeededRandom(seed + 3));
    this.simulation = new Simulation({ seed: seed + 1, inFlightMax: this.#random.pick([4, 1_000]) });
    const { simulation } = this;
    simulation.onPost = (post) => this.#posted(post);
    const jump = options.clockJumps ? jumps(simulation.time, new SeededRandom(seed + 2)) : () => {};
    simulation.time.onStep = () => {
      jump();
      for (const controlled of this.#controlled.values()) controlled.learn();
    };
    simulation.events.subscribe((event) => this.#happened(event.type));
    simulation.events.subscribe(
      (event) => {
        if (event.type === "delivery.dead") this.#controlled.get(event.subscription)?.died(seqOf(event.messageId));
        if (event.type === "subscription.disabled") {
          this.#controlled.get(event.subscription)?.disabled(simulation.nowMs);
          this.#probes.forgive(simulation.nowMs + 1_000);
        }
        if (event.type === "breaker.closed") {
          this.#probes.closed(event.subscription, this.#controlled.get(event.subscription)?.origin ?? "");
        }
      },
      ["delivery.dead", "subscription.disabled", "breaker.closed"],
    );
  }

  /** The schedule as the endpoints see it: when each POST began, and which message it carried. */
  get schedule(): readonly string[] {
    return this.simulation.posts.map(
      ({ startedAtMs, endpoint, headers }) =>
        `${startedAtMs} ${endpoint.origin}${endpoint.path} ${headers["ringback-message-id"]}`,
    );
  }

  async run(): Promise<void> {
    const { simulation } = this;
    simulation.store.latencyMsMax = this.#random.pick([0, 0, 3, 30]);
    await this.#start();
    const topic = await simulation.topic();
    this.#topic = topic;
    for (const [name, origin] of endpoints) {
      const subscription = await simulation.subscribe(topic, name, {
        ...randomSubscription(this.#random),
        push: { url: `${origin}/${name}`, timeoutMs: 1_000 },
        script: (post) => this.#tempers.react(post),
      });
      this.#subscriptions.set(name, subscription);
      const broken = (what: string) => this.violations.push(what);
      const shown = () => this.#shown(name);
      const { nowMs } = simulation;
      this.#controlled.set(name, new ControlledSubscription(subscription, { origin, nowMs, shown, broken }));
    }
    await this.#publish();
    for (let action = 0; action < ACTIONS; action++) {
      await this.#act();
      await simulation.time.advance(this.#random.pick([0, 1, 30, 300, 3_000, 9_000]));
    }
    await this.#end();
  }

  async #act(): Promise<void> {
    const { simulation } = this;
    const random = this.#random;
    const what = random.upTo(99);
    const name = random.pick(names);
    if (what < 26) await this.#publish();
    else if (what < 38) this.#tempers.change(random.pick(["http://one.test", "http://two.test"]));
    else if (what < 44) this.#tempers.changeRefused(`/${name}`);
    else if (what < 50) await this.#change(name);
    else if (what < 53) await this.#setState(name, "paused");
    else if (what < 61) await this.#setState(name, "active");
    else if (what < 75) await this.#replay(name);
    else if (what < 80) await this.#changeReplay();
    else if (what < 84) await this.#cancelReplay();
    else if (what < 87) await this.#retry(name);
    else if (what < 90) await this.#cancel(name);
    else if (what < 93) await this.#restart(() => simulation.stop(random.pick([0, 50, 3_000])));
    else if (what < 97) await this.#restart(() => simulation.kill());
    else if (this.#options.losesWakeUps) {
      const { nowMs } = simulation;
      for (const controlled of this.#controlled.values()) controlled.lost(nowMs, nowMs + LEASE_MS);
      simulation.store.expireLeases();
    }
  }

  async #start(): Promise<void> {
    const { store } = this.simulation;
    const { losesWakeUps } = this.#options;
    store.wakeUpLoss = losesWakeUps ? 0.3 : 0;
    store.findsNothing = false;
    await this.simulation.start();
    // When no wake-up is lost, the engine must find all work without polling.
    store.findsNothing = !losesWakeUps;
  }

  async #restart(end: () => void | Promise<void>): Promise<void> {
    const { simulation } = this;
    await end();
    const { nowMs } = simulation;
    this.#happened("restart");
    for (const [name, controlled] of this.#controlled) {
      controlled.processEnded();
      controlled.lost(nowMs, nowMs);
      // The next process computes the time of the next probe from the machine's clock.
      if (this.#shown(name)?.health?.state === "open") this.#notComparable();
    }
    if (this.#random.chance(0.3)) await simulation.time.advance(this.#random.upTo(9_000));
    this.#probes.forgive(simulation.nowMs + 1_000);
    await this.#start();
  }

  async #publish(): Promise<void> {
    if (this.#topic === null) return;
    const messages = Array.from({ length: 1 + this.#random.upTo(7) }, () => ({
      orderingKey: this.#random.pick([null, "red", "green"]),
      delayMs: this.#random.chance(0.1) ? 500 : 0,
      type: this.#random.pick([null, "order.paid"]),
    }));
    const { firstSeq } = await this.simulation.publish(this.#topic, ...messages);
    messages.forEach(({ orderingKey, delayMs, type }, index) => {
      this.#types[firstSeq + index] = type;
      for (const controlled of this.#controlled.values()) {
        controlled.published(firstSeq + index, orderingKey, delayMs > 0);
      }
    });
  }

  async #change(name: string): Promise<void> {
    const controlled = this.#controlled.get(name);
    if (controlled === undefined || this.#topic === null) return;
    const settings = { ...controlled.settings, ...randomControls(this.#random) };
    controlled.change(settings, this.simulation.nowMs);
    this.#probes.forgive(this.simulation.nowMs + 1_000);
    await this.simulation.store.catalog.putSubscription(this.#topic.id, name, settings, "now");
  }

  async #setState(name: string, state: "active" | "paused"): Promise<void> {
    if (this.#topic === null || this.#shown(name)?.state === state) return;
    if (state === "active") this.#controlled.get(name)?.stateChanged(state, this.simulation.nowMs);
    await this.simulation.store.catalog.setSubscriptionState(this.#topic.id, name, state);
    this.#controlled.get(name)?.stateChanged(state, this.simulation.nowMs);
    this.#probes.forgive(this.simulation.nowMs + 1_000);
  }

  async #replay(name: string): Promise<void> {
    const { simulation } = this;
    const subscription = this.#shown(name);
    const other = this.#shown(this.#random.pick(names));
    if (subscription === null || other === null) return;
    const lastSeq = this.#types.length - 1;
    const requested = randomReplay(this.#random, { subscription, other, lastSeq });
    const target = this.#controlled.get(requested.target.name);
    if (target === undefined) return;
    const { source } = requested;
    const createdAtMs = simulation.nowMs;
    const seqs =
      source.kind === "messages"
        ? Array.from({ length: source.toSeq - source.fromSeq + 1 }, (_, index) => source.fromSeq + index).filter(
            (seq) => source.types.length === 0 || this.#types[seq] === "order.paid",
          )
        : simulation.store.deadSeqs(subscription.id);
    const perSecond = this.#random.pick([null, 100, 5]);
    target.credit(seqs, createdAtMs);
    const replay = await simulation.finished(simulation.engine.replays.create(requested, perSecond));
    if (this.#requested.length > 0) this.#notComparable();
    this.#requested.push({ replay, target, seqs, createdAtMs });
  }

  async #changeReplay(): Promise<void> {
    const requested = this.#requested[this.#random.upTo(this.#requested.length - 1)];
    if (requested === undefined) return;
    const { accountId, id } = requested.replay;
    const isPaused = this.#random.chance(0.5);
    const change = this.#random.chance(0.5) ? { isPaused } : { perSecond: this.#random.pick([null, 50]) };
    await this.simulation.store.replays.change(accountId, id, change);
  }

  async #cancelReplay(): Promise<void> {
    const { simulation } = this;
    const index = this.#random.upTo(this.#requested.length - 1);
    const requested = this.#requested[index];
    if (requested === undefined) return;
    const cancelled = await simulation.finished(simulation.engine.replays.cancel(requested.replay));
    if (cancelled?.state !== "cancelled") return;
    this.#requested.splice(index, 1);
    requested.target.replayCancelled(requested.seqs, requested.createdAtMs, simulation.nowMs);
  }

  async #retry(name: string): Promise<void> {
    const [id, seq] = this.#anyMessage();
    const { store, nowMs } = this.simulation;
    const outcome = await store.deliveries.retry(store.catalog.defaultAccount().id, id, name);
    if (outcome === "copied" || outcome === "redriven") this.#controlled.get(name)?.credit([seq], nowMs);
    this.#happened(`retry ${outcome}`);
  }

  async #cancel(name: string): Promise<void> {
    const [id, seq] = this.#anyMessage();
    const { store } = this.simulation;
    const outcome = await store.deliveries.cancel(store.catalog.defaultAccount().id, id, name);
    if (outcome === "cancelled") this.#controlled.get(name)?.died(seq);
    this.#happened(`cancel ${outcome}`);
  }

  #anyMessage(): readonly [MessageId, Seq] {
    const seq = 1 + this.#random.upTo(this.#types.length - 2);
    if (this.#topic === null) throw new Error("there is no topic yet");
    return [messageId(this.#topic.id, seq), seq];
  }

  #posted(post: Post): void {
    const name = post.headers["ringback-subscription"] ?? "";
    const controlled = this.#controlled.get(name);
    const shown = this.#shown(name);
    if (controlled === undefined || shown === null) return;
    const seq = seqOf(post.headers["ringback-message-id"] ?? "");
    // When leases expire, another process can claim a delivery without knowing which POSTs are in flight here.
    const received = controlled.started(post, seq, !this.#options.losesWakeUps);
    if (received !== null) this.#judgeProbe(received, shown, controlled.origin);
  }

  #judgeProbe(received: Received, shown: Subscription, origin: string): void {
    if (received.openedAtMs !== null) this.#happened("probe");
    const ofOrigin = [...this.#controlled.values()].filter((other) => other.origin === origin);
    const probeMsMin = Math.min(...ofOrigin.flatMap(({ settings: { breaker } }) => breaker?.probeMs ?? []));
    const wrong = this.#probes.started(received, shown, origin, probeMsMin);
    if (wrong !== null) this.violations.push(wrong);
  }

  /** Everything heals, and everything is resumed. Then all must be sent soon. */
  async #end(): Promise<void> {
    const { simulation } = this;
    this.#tempers.heal();
    for (const { replay } of this.#requested) {
      await simulation.store.replays.change(replay.accountId, replay.id, { isPaused: false, perSecond: null });
    }
    const untilMs = simulation.nowMs + END_MS;
    const stepMs = this.#options.losesWakeUps ? 125_000 : 10_000;
    do {
      for (const name of names) await this.#setState(name, "active");
      await simulation.time.advance(stepMs);
    } while ((await this.#unfinished()).length > 0 && simulation.nowMs < untilMs);
    const { length } = simulation.posts;
    await simulation.time.advance(stepMs);
    if (simulation.posts.length > length) this.violations.push("POSTs start when nothing is left to send");
    this.violations.push(...(await this.#unfinished()));
    if (simulation.inFlight > 0) this.violations.push(`${simulation.inFlight} POSTs never ended`);
    for (const { error, during } of simulation.failures) this.violations.push(`${during}: ${String(error)}`);
    for (const [name, controlled] of this.#controlled) {
      const subscription = this.#subscriptions.get(name);
      if (subscription === undefined) continue;
      const page = { after: null, limit: 100_000 };
      const attempts = await simulation.store.records.listAttempts(subscription.id, page);
      controlled.judge(attempts.items, await this.#letters(subscription), seqOf);
    }
  }

  async #unfinished(): Promise<string[]> {
    const { simulation } = this;
    const unfinished: string[] = [];
    for (const [name, subscription] of this.#subscriptions) {
      const { backlog, parked, inFlight } = await simulation.counts(subscription);
      if (backlog + parked + inFlight > 0) unfinished.push(`${name}: ${JSON.stringify({ backlog, parked, inFlight })}`);
    }
    for (const { replay } of this.#requested) {
      const now = await simulation.store.replays.get(replay.accountId, replay.id);
      if (now?.state !== "done" || now.waiting > 0) unfinished.push(`replay ${replay.id} is ${now?.state}`);
    }
    return unfinished;
  }

  async #letters({ id }: Subscription) {
    return (await this.simulation.store.records.listDeadLetters(id, { after: null, limit: 1_000 })).items;
  }

  #shown(name: string): Subscription | null {
    const subscription = this.#subscriptions.get(name);
    return subscription === undefined ? null : this.simulation.store.shown(subscription.id);
  }

  #notComparable(): void {
    this.comparable = Math.min(this.comparable, this.simulation.posts.length);
  }

  #happened(what: string): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1);
  }
}

function seqOf(id: string): Seq {
  return parseMessageId(id)?.seq ?? 0;
}
