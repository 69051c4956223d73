import { randomBytes } from "node:crypto";
import { systemClock, systemTimers } from "./domain/ports.ts";
import { withReceivers, type DeliveryReceiver } from "./engine/delivery-outcome.ts";
import type { EngineObserver } from "./engine/observer.ts";
import { StatisticsRecorder } from "./engine/statistics/recorder.ts";
import { AccountStatistics } from "./engine/statistics/statistics.ts";
import type { Store } from "./store/store.ts";

interface StatisticsParts {
  readonly store: Store;
  readonly failed: (error: unknown) => void;
}

/** Creates what counts events over time, and what reads the counts. */
export function createStatistics({ store, failed }: StatisticsParts) {
  const recorder = new StatisticsRecorder({
    tallies: store.tallies,
    clock: systemClock,
    timers: systemTimers,
    writer: randomBytes(6).toString("hex"),
    measure: (accountId) => statistics.stateOf(accountId),
    failed,
  });
  const statistics = new AccountStatistics({ store, clock: systemClock, recorder });
  return { recorder, statistics };
}

/** The observer, which passes outcomes to further receivers too, and what is published to the recorder. */
export function withRecorder<T extends EngineObserver>(
  observer: T,
  recorder: StatisticsRecorder,
  ...others: readonly DeliveryReceiver[]
): T {
  const published: EngineObserver["published"] = (topic, messages) => {
    observer.published(topic, messages);
    recorder.published(topic, messages);
  };
  return { ...withReceivers(observer, recorder, ...others), published };
}
