import type { AccountId, Subscription, SubscriptionId, Topic, TopicId } from "../domain/model.ts";
import type { DeliveryReceiver } from "../engine/delivery-outcome.ts";
import { engineLimits } from "../engine/engine-limits.ts";
import type { SenderState } from "../engine/push/sender-state.ts";
import type { SubscriptionCounts } from "../store/records.ts";
import { Histogram, histogramsMetric, metric, ofTheCluster, type ScrapedMetric } from "./metric-cells.ts";
import { ShownSeries } from "./shown-series.ts";

export interface SubscriptionMetricsSources {
  /** How many subscriptions, and how many topics, have metrics of their own. */
  readonly shownMax: number;
  readonly accountNameOf: (id: AccountId) => string;
  /** The senders of this process. */
  readonly senders: () => Iterable<SenderState>;
  /** The counts of those of the subscriptions that exist, read together. */
  readonly counts: (ids: readonly SubscriptionId[]) => Promise<ReadonlyMap<SubscriptionId, SubscriptionCounts>>;
  /** Milliseconds on a scale that never goes back. */
  readonly nowMs: () => number;
}

type NamedSubscription = Pick<Subscription, "id" | "accountId" | "topic" | "name">;
type NamedTopic = Pick<Topic, "id" | "accountId" | "name">;

/** No topic and no subscription can have this name. */
const other = "_other";

const durationBoundsS = [0.05, 0.25, 1, 5, 30];
const outcomes = ["accepted", "failed", "error"] as const;
const outcomeLabels = outcomes.map((outcome) => [outcome, { outcome }] as const);

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
  #lastRead: { readonly atMs: number; readonly counts: ReturnType<SubscriptionMetricsSources["counts"]> } | null = null;

  constructor(sources: SubscriptionMetricsSources) {
    this.#sources = sources;
    this.#subscriptions = new ShownSeries(sources.shownMax, () => new SubscriptionCells());
    this.#topics = new ShownSeries(sources.shownMax, () => new TopicCells());
  }

  settled({ subscription, attempt, durationMs, settled }: Parameters<DeliveryReceiver["settled"]>[0]): void {
    const isFailure = settled.kind === "dead" || (attempt !== null && attempt.verdict !== "accepted");
    const cells = this.#subscriptions.cellsFor(subscription.id, isFailure);
    cells.subscription = subscription;
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
    const ofSender = (name: string, help: string, read: (state: SenderState) => number) =>
      metric("gauge", `ringback_subscription_${name}`, `${help} Of this node.`, () => {
        const states = new Map(Array.from(this.#sources.senders(), (state) => [state.subscriptionId, state]));
        return this.#shownSubscriptions().flatMap(({ labels, cells }) => {
          const state = cells.subscription === null ? undefined : states.get(cells.subscription.id);
          return state === undefined ? [] : [{ labels, value: read(state) }];
        });
      });
    const ofStore = (name: string, help: string, read: (counts: SubscriptionCounts) => number) =>
      metric("gauge", `ringback_cluster_subscription_${name}`, `${help} ${ofTheCluster}`, async () => {
        const counts = await this.#counts();
        return this.#shownSubscriptions().flatMap(({ labels, cells }) => {
          const found = cells.subscription === null ? undefined : counts?.get(cells.subscription.id);
          return found === undefined ? [] : [{ labels, value: read(found) }];
        });
      });
    const window = "POSTs that may be in flight at a time. The window shrinks while the endpoint fails.";
    const failing = "1 while the endpoint fails, otherwise 0.";
    return [
      ofSender("in_flight", "POSTs in flight.", ({ inFlight }) => inFlight),
      ofSender("window", window, (state) => state.window),
      ofSender("failing", failing, ({ isFailing }) => Number(isFailing)),
      ofStore("backlog", "Messages that wait in the log.", ({ backlog }) => backlog),
      ofStore("parked", "Deliveries that wait for their next attempt.", ({ parked }) => parked),
      ofStore("dead_letters", "Stored dead letters.", ({ deadLetters }) => deadLetters),
    ];
  }

  /** null: the store cannot be read. Subscriptions that do not exist any more lose their series. */
  async #counts(): Promise<ReadonlyMap<SubscriptionId, SubscriptionCounts> | null> {
    const nowMs = this.#sources.nowMs();
    if (this.#lastRead === null || nowMs - this.#lastRead.atMs >= engineLimits.seriesLagReadMs) {
      const ids = Array.from(this.#subscriptions.shown(nowMs), ([id]) => id);
      const counts = this.#sources.counts(ids);
      this.#lastRead = { atMs: nowMs, counts };
      const found = await counts.catch(() => null);
      if (found !== null) for (const id of ids) if (!found.has(id)) this.#subscriptions.forget(id);
    }
    return this.#lastRead.counts.catch(() => null);
  }

  #shownSubscriptions(): Shown<SubscriptionCells>[] {
    const labelsOf = ({ subscription }: SubscriptionCells): Labels | null =>
      subscription && {
        account: this.#sources.accountNameOf(subscription.accountId),
        topic: subscription.topic,
        subscription: subscription.name,
      };
    const others: Labels = { account: other, topic: other, subscription: other };
    return shownOf(this.#subscriptions, this.#sources.nowMs(), labelsOf, others);
  }

  #shownTopics(): Shown<TopicCells>[] {
    const labelsOf = ({ topic }: TopicCells): Labels | null =>
      topic && { account: this.#sources.accountNameOf(topic.accountId), topic: topic.name };
    return shownOf(this.#topics, this.#sources.nowMs(), labelsOf, { account: other, topic: other });
  }
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
