import { parseMessageId } from "../../domain/message-id.ts";
import type { Order, RetryPolicy, Seq, Subscription, Topic } from "../../domain/model.ts";
import { misnumberedAttempts } from "./attempt-numbers.ts";
import type { Post, Reaction } from "./scripted-transport.ts";
import { SeededRandom } from "./seeded-random.ts";
import { jumps } from "./clock-jumps.ts";
import { Simulation } from "./simulation.ts";

export interface ChaosOptions {
  readonly seed: number;
  /** True: wake-ups are lost and leases expire, and the engine finds the work by polling. */
  readonly losesWakeUps: boolean;
  /** True: the machine's clock is set at about every tenth step, ahead or back, by a millisecond up to three days. */
  readonly clockJumps?: boolean;
}

interface Watched {
  subscription: Subscription;
  order: Order;
  /** True: the subscription's order was never changed, so the order of its POSTs can be checked. */
  orderIsFixed: boolean;
  readonly retriesMax: number;
  readonly temper: { readonly failing: number; readonly hanging: number; readonly replyMsMax: number };
  readonly failures: Map<Seq, number>;
  readonly accepted: Set<Seq>;
  readonly inFlight: Map<Post, Seq>;
}

interface Published {
  readonly seq: Seq;
  readonly key: string | null;
  readonly isDelayed: boolean;
}

const ACTIONS = 60;
const rates = [
  null,
  { perSecond: 2_000, burst: 1 },
  { perSecond: 50, burst: 5 },
  { perSecond: 0.15, burst: 3 },
] as const;
const delaysMs = [100, 1_000, 3_000];

/**
 * Runs an engine through random events. Checks the engine's promises by comparing the published messages with the POSTs
 * that the endpoints received.
 */
export class Chaos {
  readonly simulation: Simulation;
  /** Descriptions of broken promises. */
  readonly violations: string[] = [];
  readonly #random: SeededRandom;
  readonly #losesWakeUps: boolean;
  readonly #watched = new Map<string, Watched>();
  readonly #published: Published[] = [];
  readonly #redriven = new Set<string>();
  #topic: Topic | null = null;
  /** Distinguishes a subscription from the one that it has replaced. */
  #generation = 0;

  constructor({ seed, losesWakeUps, clockJumps = false }: ChaosOptions) {
    this.#random = new SeededRandom(seed);
    this.#losesWakeUps = losesWakeUps;
    this.simulation = new Simulation({ seed: seed + 1, inFlightMax: this.#random.pick([4, 20, 1_000]) });
    this.simulation.onPost = (post) => this.#judge(post);
    if (clockJumps) this.simulation.time.onStep = jumps(this.simulation.time, new SeededRandom(seed + 2));
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
    this.#topic = await simulation.topic();
    for (let index = 0; index < 5; index++) await this.#subscribe(`sub${index}`);
    for (let action = 0; action < ACTIONS; action++) {
      await this.#act();
      await simulation.time.advance(this.#random.pick([0, 1, 20, 200, 2_000]));
    }
    for (const name of this.#watched.keys()) await this.#setState(name, "active");
    await this.#untilNothingMoves();
    await this.#judgeTheEnd();
  }

  /**
   * Waits longer than any timeout or retry. With lost wake-ups, also waits longer than a lease and the polling
   * interval.
   */
  async #untilNothingMoves(): Promise<void> {
    const { simulation } = this;
    let posts: number;
    do {
      posts = simulation.posts.length;
      await simulation.time.advance(this.#losesWakeUps ? 200_000 : 20_000);
    } while (simulation.posts.length > posts);
  }

  async #act(): Promise<void> {
    const { simulation } = this;
    const what = this.#random.upTo(99);
    const name = this.#random.pick(["sub0", "sub1", "sub2", "sub3", "sub4"]);
    if (what < 55) await this.#publish();
    else if (what < 62) await this.#setState(name, "paused");
    else if (what < 72) await this.#setState(name, "active");
    else if (what < 77) await this.#change(name);
    else if (what < 80) await this.#replace(name);
    else if (what < 84) await this.#redrive(name);
    else if (what < 90) await simulation.time.advance(this.#random.upTo(5_000));
    else if (what < 94) await this.#restart(() => simulation.stop(this.#random.pick([0, 50, 3_000])));
    else if (what < 97) await this.#restart(() => simulation.kill());
    else if (this.#losesWakeUps) simulation.store.expireLeases();
  }

  async #start(): Promise<void> {
    const { store } = this.simulation;
    store.wakeUpLoss = this.#losesWakeUps ? 0.3 : 0;
    store.findsNothing = false;
    await this.simulation.start();
    // When no wake-up is lost, the engine must find all work without polling.
    store.findsNothing = !this.#losesWakeUps;
  }

  async #restart(end: () => void | Promise<void>): Promise<void> {
    await end();
    for (const watched of this.#watched.values()) {
      this.#learn(watched);
      watched.inFlight.clear();
    }
    await this.#start();
  }

  async #publish(): Promise<void> {
    const messages = Array.from({ length: 1 + this.#random.upTo(9) }, () => ({
      orderingKey: this.#random.pick([null, "red", "green", "blue"]),
      delayMs: this.#random.chance(0.1) ? 500 : 0,
    }));
    const topic = this.#topic;
    if (topic === null) return;
    const { firstSeq } = await this.simulation.publish(topic, ...messages);
    messages.forEach(({ orderingKey, delayMs }, index) =>
      this.#published.push({ seq: firstSeq + index, key: orderingKey, isDelayed: delayMs > 0 }),
    );
  }

  async #subscribe(name: string): Promise<void> {
    const topic = this.#topic;
    if (topic === null) return;
    const order = this.#random.pick<Order>(["none", "key", "key", "strict"]);
    const retries = this.#random.upTo(delaysMs.length);
    const watched: Watched = {
      subscription: await this.simulation.subscribe(topic, name, {
        order,
        retry: { delaysMs: delaysMs.slice(0, retries) } satisfies RetryPolicy,
        maxInFlight: this.#random.pick([1, 3, 64]),
        rate: this.#random.pick(rates),
        push: { url: `http://${name}.test/${++this.#generation}`, timeoutMs: 1_000 },
        script: (post) => this.#react(post),
      }),
      order,
      orderIsFixed: true,
      retriesMax: retries,
      temper: {
        failing: this.#random.pick([0, 0.1, 0.5, 1]),
        hanging: this.#random.pick([0, 0, 0.2]),
        replyMsMax: this.#random.pick([0, 10, 300]),
      },
      failures: new Map(),
      accepted: new Set(),
      inFlight: new Map(),
    };
    this.#watched.set(name, watched);
  }

  async #setState(name: string, state: "active" | "paused"): Promise<void> {
    if (this.#topic !== null) await this.simulation.store.catalog.setSubscriptionState(this.#topic.id, name, state);
  }

  async #change(name: string): Promise<void> {
    const watched = this.#watched.get(name);
    if (watched === undefined || this.#topic === null) return;
    const order = this.#random.pick<Order>(["none", "key", "strict"]);
    const maxInFlight = this.#random.pick([1, 2, 64]);
    if (order !== watched.order) watched.orderIsFixed = false;
    watched.order = order;
    const rate = this.#random.pick(rates);
    const settings = { ...watched.subscription.settings, order, maxInFlight, rate };
    await this.simulation.store.catalog.putSubscription(this.#topic.id, name, settings, "now");
  }

  async #replace(name: string): Promise<void> {
    if (this.#topic === null) return;
    await this.simulation.store.catalog.deleteSubscription(this.#topic.id, name);
    this.#watched.delete(name);
    await this.#subscribe(name);
  }

  async #redrive(name: string): Promise<void> {
    const watched = this.#watched.get(name);
    if (watched === undefined) return;
    const { id } = watched.subscription;
    const letters = await this.simulation.store.records.listDeadLetters(id, { after: null, limit: 1_000 });
    for (const { message } of letters.items) this.#redriven.add(`${id} ${message.seq}`);
    await this.simulation.store.records.redriveDeadLetters(id, null);
  }

  #react(post: Post): Reaction {
    const watched = this.#watchedOf(post);
    if (watched === null) return { status: 200, afterMs: 1 };
    const { failing, hanging, replyMsMax } = watched.temper;
    if (this.#random.chance(hanging)) return "hang";
    const afterMs = this.#random.upTo(replyMsMax);
    if (!this.#random.chance(failing)) return { status: 200, afterMs };
    return this.#random.chance(0.5) ? { status: 500, afterMs } : { error: "connect_refused", afterMs };
  }

  /** Returns null when the POST is for a subscription that was replaced. */
  #watchedOf(post: Post): Watched | null {
    const watched = this.#watched.get(post.headers["ringback-subscription"] ?? "");
    if (watched === undefined) return null;
    return post.endpoint.path === URL.parse(watched.subscription.settings.push?.url ?? "")?.pathname ? watched : null;
  }

  #judge(post: Post): void {
    const watched = this.#watchedOf(post);
    const seq = parseMessageId(post.headers["ringback-message-id"] ?? "")?.seq;
    if (watched === null || seq === undefined) return;
    this.#learn(watched);
    const { id } = watched.subscription;
    if (this.simulation.store.wasDelivered(id, seq)) this.#break(watched, `${seq} is sent after it was settled`);
    // When leases expire, order is not checked: another process can claim the delivery without knowing which POSTs are
    // in flight here.
    if (watched.orderIsFixed && !this.#losesWakeUps) this.#judgeOrder(watched, seq);
    watched.inFlight.set(post, seq);
  }

  /** Records the POSTs that have ended since the last call. */
  #learn(watched: Watched): void {
    for (const [post, seq] of watched.inFlight) {
      if (post.result === null) continue;
      watched.inFlight.delete(post);
      if (post.result.error === "aborted") continue;
      if (post.result.status === 200) watched.accepted.add(seq);
      else watched.failures.set(seq, (watched.failures.get(seq) ?? 0) + 1);
    }
  }

  #judgeOrder(watched: Watched, seq: Seq): void {
    if (watched.order === "none") return;
    const group = (message: Published): string | null => (watched.order === "strict" ? "" : message.key);
    const self = this.#published.find((message) => message.seq === seq);
    if (self === undefined || group(self) === null) return;
    const others = this.#published.filter((message) => group(message) === group(self));
    const inFlight = new Set(watched.inFlight.values());
    for (const other of others) {
      if (inFlight.has(other.seq)) this.#break(watched, `${seq} is sent while ${other.seq} is in flight`);
      if (other.seq >= seq || self.isDelayed || other.isDelayed) continue;
      if (this.#isRedriven(watched, other.seq) || this.#isRedriven(watched, seq)) continue;
      if (!this.#isOver(watched, other.seq)) this.#break(watched, `${seq} is sent before ${other.seq} is settled`);
    }
  }

  #isRedriven(watched: Watched, seq: Seq): boolean {
    return this.#redriven.has(`${watched.subscription.id} ${seq}`);
  }

  #isOver(watched: Watched, seq: Seq): boolean {
    if (watched.accepted.has(seq) || (watched.failures.get(seq) ?? 0) > watched.retriesMax) return true;
    return !this.#isFor(watched, seq);
  }

  /** A subscription receives the messages that were published after its creation. */
  #isFor(watched: Watched, seq: Seq): boolean {
    return this.simulation.store.isFor(watched.subscription.id, seq);
  }

  async #judgeTheEnd(): Promise<void> {
    const { simulation } = this;
    if (simulation.inFlight > 0) this.violations.push(`${simulation.inFlight} POSTs never ended`);
    for (const { error, during } of simulation.failures)
      this.violations.push(`failed during ${during}: ${String(error)}`);
    for (const watched of this.#watched.values()) {
      const counts = await simulation.counts(watched.subscription);
      if (counts.backlog + counts.parked + counts.inFlight > 0) {
        this.#break(watched, `has unsettled messages: ${JSON.stringify(counts)}`);
      }
      await this.#judgeAttempts(watched);
    }
  }

  /** The recorded attempts of every message must be numbered 1, 2, 3 … */
  async #judgeAttempts(watched: Watched): Promise<void> {
    const { id } = watched.subscription;
    const { items } = await this.simulation.store.records.listAttempts(id, { after: null, limit: 100_000 });
    for (const wrong of misnumberedAttempts(items)) this.#break(watched, wrong);
  }

  #break({ subscription, order }: Watched, what: string): void {
    this.violations.push(`${subscription.name} (${order}) at ${this.simulation.nowMs}: ${what}`);
  }
}
