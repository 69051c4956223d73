import { randomBytes } from "node:crypto";
import { systemClock, systemTimers } from "./domain/ports.ts";
import { withReceivers, type DeliveryReceiver } from "./engine/delivery-outcome.ts";
import { ExchangeKeeper } from "./engine/exchanges/exchange-keeper.ts";
import type { EngineObserver } from "./engine/observer.ts";
import { StatisticsRecorder } from "./engine/statistics/recorder.ts";
import { AccountStatistics } from "./engine/statistics/statistics.ts";
import type { Store } from "./store/store.ts";

interface RecorderParts {
  readonly store: Store;
  readonly config: { readonly attemptRetentionMs: number; readonly exchangesBytesMax: number };
  readonly failed: (error: unknown) => void;
}

/** Creates what counts events over time and what keeps requests and replies, and what reads the counts. */
export function createRecorders({ store, config, failed }: RecorderParts) {
  const shared = { clock: systemClock, timers: systemTimers, failed };
  const recorder = new StatisticsRecorder({
    ...shared,
    tallies: store.tallies,
    writer: randomBytes(6).toString("hex"),
    measure: (accountId) => statistics.stateOf(accountId),
  });
  const statistics = new AccountStatistics({ store, clock: systemClock, recorder });
  const { attemptRetentionMs: retentionMs, exchangesBytesMax: bytesMax } = config;
  const keeper = new ExchangeKeeper({ ...shared, store, bytesMax, retentionMs });
  const recorders = {
    start(): void {
      recorder.start();
      keeper.start();
    },
    async stop(): Promise<void> {
      await recorder.stop();
      await keeper.stop();
    },
  };
  /** The observer, which passes outcomes to further receivers too, and what is published to the recorder. */
  const recorded = <T extends EngineObserver>(observer: T, ...others: readonly DeliveryReceiver[]): T => {
    const published: EngineObserver["published"] = (topic, messages) => {
      observer.published(topic, messages);
      recorder.published(topic, messages);
    };
    return { ...withReceivers(observer, recorder, keeper, ...others), published };
  };
  return { recorders, recorded, statistics };
}
