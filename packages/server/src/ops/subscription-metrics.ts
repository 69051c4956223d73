import type { AccountId, Subscription, SubscriptionId, Topic, TopicId } from "../domain/model.ts";
import type { Clock } from "../domain/ports.ts";
import type { DeliveryReceiver } from "../engine/delivery-outcome.ts";
import { engineLimits } from "../engine/engine-limits.ts";
import type { SenderState } from "../engine/push/sender-state.ts";
import type { RecordStore, SubscriptionCondition, SubscriptionCounts } from "../store/records.ts";
import { Histogram, histogramsMetric, metric, ofTheCluster, type Sample, type ScrapedMetric } from "./metric-cells.ts";
import { ShownSeries } from "./shown-series.ts";

export interface SubscriptionMetricsSources {
  /** How many subscriptions, and how many topics, have metrics of their own. */
  readonly shownMax: number;
  readonly accountNameOf: (id: AccountId) => string;
  /** null: this process does not send to the subscription at present. */
  readonly senderState: (id: SubscriptionId) => SenderState | null;
  /** Reads the state of subscriptions from the store. */
  readonly records: () => Pick<RecordStore, "countsOfSubscriptions" | "conditionsOf" | "unhealthySubscriptions">;
  readonly clock: Clock;
}

type NamedSubscription = Pick<Subscription, "id" | "accountId" | "topic" | "name">;
type NamedTopic = Pick<Topic, "id" | "accountId" | "name">;

/** The label of everything that is counted together. No topic and no subscription can have this name. */
const other = "_other";

const durationBoundsS = [0.05, 0.25, 1, 5, 30];
const healths = ["healthy", "failing", "open"] as const;
const outcomes = ["accepted", "failed", "error"] as const;
const outcomeLabels = outcomes.map((outcome) => [outcome, { outcome }] as const);

type State = SubscriptionCounts & SubscriptionCondition;
type States = ReadonlyMap<SubscriptionId, State>;
type Labels = Readonly<Record<string, string>>;

class SubscriptionCells {
  subscription: NamedSubscription | null = null;
  readonly attempts = { accepted: 0, failed: 0, error: 0 };
  readonly durations = new Histogram(durationBoundsS);
  dead = 0;
}

class TopicCells {
  topic: NamedTopic | null = null;
  published = 0;
}

interface Shown<Cells> {
  readonly labels: Labels;
  readonly cells: Cells;
}

/**
 * Metrics with the labels `account`, `topic` and `subscription`, for the failing and the busiest subscriptions, and of
 * topics. Each process counts for itself. ADR 37 has the reasons.
 */
export class SubscriptionMetrics implements DeliveryReceiver {
  readonly #sources: SubscriptionMetricsSources;
  readonly #subscriptions: ShownSeries<SubscriptionId, SubscriptionCells>;
  readonly #topics: ShownSeries<TopicId, TopicCells>;
  #lastRead: { readonly atMs: number; readonly states: Promise<States | null> } | null = null;

  constructor(sources: SubscriptionMetricsSources) {
    this.#sources = sources;
    this.#subscriptions = new ShownSeries(sources.shownMax, () => new SubscriptionCells());
    this.#topics = new ShownSeries(sources.shownMax, () => new TopicCells());
  }

  settled({ subscription, attempt, durationMs, settled }: Parameters<DeliveryReceiver["settled"]>[0]): void {
    const isFailure = settled.kind === "dead" || (attempt !== null && attempt.verdict !== "accepted");
    const cells = this.#cellsFor(subscription, isFailure);
    if (attempt !== null) {
      cells.attempts[attempt.verdict]++;
      cells.durations.observe(durationMs / 1000);
    }
    if (settled.kind === "dead") cells.dead++;
  }

  published(topic: NamedTopic, messages: number): void {
    const cells = this.#topics.cellsFor(topic.id, false);
    cells.topic = topic;
    cells.published += messages;
  }

  metrics(): readonly ScrapedMetric[] {
    return [...this.#counters(), ...this.#gauges()];
  }

  #counters(): ScrapedMetric[] {
    const ofShown = "The busiest and the failing subscriptions have series of their own.";
    const attempts = `Attempts to deliver messages, by subscription and outcome. ${ofShown}`;
    const dead = `Deliveries that became dead letters, by subscription. ${ofShown}`;
    const durations = `Duration of attempts, by subscription. ${ofShown}`;
    const published = "Messages accepted from publishers, by topic. The busiest topics have series of their own.";
    return [
      metric("counter", "ringback_subscription_attempts_total", attempts, () =>
        this.#shownSubscriptions().flatMap(({ labels, cells }) =>
          outcomeLabels.map(([outcome, label]) => ({
            labels: { ...labels, ...label },
            value: cells.attempts[outcome],
          })),
        ),
      ),
      metric("counter", "ringback_subscription_dead_letters_total", dead, () =>
        this.#shownSubscriptions().map(({ labels, cells }) => ({ labels, value: cells.dead })),
      ),
      histogramsMetric("ringback_subscription_attempt_duration_seconds", durations, () =>
        this.#shownSubscriptions().map(({ labels, cells }) => ({ labels, histogram: cells.durations })),
      ),
      metric("counter", "ringback_topic_published_messages_total", published, () =>
        this.#shownTopics().map(({ labels, cells }) => ({ labels, value: cells.published })),
      ),
    ];
  }

  /** The state of the shown subscriptions. What is counted together has no state. */
  #gauges(): ScrapedMetric[] {
    const ofSender = (name: string, help: string, read: (state: SenderState) => number | null) =>
      metric("gauge", name, help, () =>
        this.#shownSubscriptions().flatMap(({ labels, cells }) => {
          const state = cells.subscription === null ? null : this.#sources.senderState(cells.subscription.id);
          const value = state === null ? null : read(state);
          return value === null ? [] : [{ labels, value }];
        }),
      );
    const ofStore = (name: string, help: string, read: (state: State) => readonly Omit<Sample, "metricName">[]) =>
      metric("gauge", `ringback_cluster_subscription_${name}`, `${help} ${ofTheCluster}`, async () => {
        const states = await this.#states();
        return this.#shownSubscriptions().flatMap(({ labels, cells }) => {
          const found = cells.subscription === null ? undefined : states?.get(cells.subscription.id);
          return found === undefined
            ? []
            : read(found).map((one) => ({ ...one, labels: { ...labels, ...one.labels } }));
        });
      });
    const window =
      "POSTs that may be in flight at a time. The window shrinks while the endpoint fails; below 1 there are pauses.";
    const rate = `Configured maximum of POSTs per second, over all nodes. ${ofTheCluster}`;
    const health = "1 for the state that the subscription is in, 0 for the others.";
    const age = "Age of the oldest message that is not settled; 0: there is none.";
    const ageOf = ({ oldestAtMs }: State) =>
      oldestAtMs === null ? 0 : Math.max(0, this.#sources.clock.wall() - oldestAtMs) / 1000;
    return [
      ofSender("ringback_subscription_in_flight", "POSTs in flight. Of this node.", ({ inFlight }) => inFlight),
      ofSender("ringback_subscription_window", `${window} Of this node.`, (state) => state.window),
      ofSender("ringback_cluster_subscription_rate_limit", rate, ({ ratePerSecond }) => ratePerSecond),
      // The first metric that reads the store. The read adds unhealthy subscriptions to the shown ones, so the metrics
      // after this one have them too.
      ofStore("health", health, (found) =>
        healths.map((state) => ({ labels: { state }, value: Number(found.health === state) })),
      ),
      ofStore("oldest_message_age_seconds", age, (found) => one(ageOf(found))),
      ofStore("backlog", "Messages that wait in the log.", ({ backlog }) => one(backlog)),
      ofStore("parked", "Deliveries that wait for their next attempt.", ({ parked }) => one(parked)),
      ofStore("dead_letters", "Stored dead letters.", ({ deadLetters }) => one(deadLetters)),
    ];
  }

  /** null: the store cannot be read. All metrics of a few seconds share one read. */
  #states(): Promise<States | null> {
    const nowMs = this.#sources.clock.now();
    if (this.#lastRead === null || nowMs - this.#lastRead.atMs >= engineLimits.seriesLagReadMs) {
      this.#lastRead = { atMs: nowMs, states: this.#readStates(nowMs).catch(() => null) };
    }
    return this.#lastRead.states;
  }

  /** Subscriptions that do not exist any more lose their series. Unhealthy ones get series, if there is room. */
  async #readStates(nowMs: number): Promise<States> {
    const { shownMax } = this.#sources;
    const records = this.#sources.records();
    for (const unhealthy of await records.unhealthySubscriptions(shownMax)) this.#cellsFor(unhealthy, true);
    const ids = Array.from(this.#subscriptions.shown(nowMs), ([id]) => id);
    const [counts, conditions] = await Promise.all([records.countsOfSubscriptions(ids), records.conditionsOf(ids)]);
    const states = new Map<SubscriptionId, State>();
    for (const id of ids) {
      const [found, condition] = [counts.get(id), conditions.get(id)];
      if (found === undefined || condition === undefined) this.#subscriptions.forget(id);
      else states.set(id, { ...found, ...condition });
    }
    return states;
  }

  #cellsFor(subscription: NamedSubscription, isFailure: boolean): SubscriptionCells {
    const cells = this.#subscriptions.cellsFor(subscription.id, isFailure);
    if (cells !== this.#subscriptions.others) cells.subscription = subscription;
    return cells;
  }

  #shownSubscriptions(): Shown<SubscriptionCells>[] {
    const labelsOf = ({ subscription }: SubscriptionCells): Labels | null =>
      subscription && {
        account: this.#sources.accountNameOf(subscription.accountId),
        topic: subscription.topic,
        subscription: subscription.name,
      };
    const others: Labels = { account: other, topic: other, subscription: other };
    return shownOf(this.#subscriptions, this.#sources.clock.now(), labelsOf, others);
  }

  #shownTopics(): Shown<TopicCells>[] {
    const labelsOf = ({ topic }: TopicCells): Labels | null =>
      topic && { account: this.#sources.accountNameOf(topic.accountId), topic: topic.name };
    return shownOf(this.#topics, this.#sources.clock.now(), labelsOf, { account: other, topic: other });
  }
}

function one(value: number) {
  return [{ labels: {}, value }];
}

/** After a resource was deleted and created again, only the last one of the name is shown: labels must be unique. */
function shownOf<Id, Cells>(
  series: ShownSeries<Id, Cells>,
  nowMs: number,
  labelsOf: (cells: Cells) => Labels | null,
  others: Labels,
): Shown<Cells>[] {
  const shown = new Map<string, { readonly id: Id } & Shown<Cells>>();
  for (const [id, cells] of series.shown(nowMs)) {
    const labels = labelsOf(cells);
    if (labels === null) continue;
    const key = Object.values(labels).join(" ");
    const earlier = shown.get(key);
    if (earlier !== undefined) series.forget(earlier.id);
    shown.set(key, { id, labels, cells });
  }
  return [...shown.values(), { labels: others, cells: series.others }];
}
