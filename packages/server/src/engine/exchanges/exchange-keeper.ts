import type { Clock, Timers } from "../../domain/ports.ts";
import type { ExchangeRow } from "../../store/exchanges.ts";
import type { Store } from "../../store/store.ts";
import type { DeliveryOutcome, DeliveryReceiver } from "../delivery-outcome.ts";
import { engineLimits } from "../engine-limits.ts";
import { contentOfRecording } from "./exchange.ts";
import { ExchangeSample } from "./exchange-sample.ts";

export interface ExchangeKeeperOptions {
  readonly store: Pick<Store, "catalog" | "exchanges">;
  readonly clock: Clock;
  readonly timers: Timers;
  /** The bytes that all kept requests and replies may have together. */
  readonly bytesMax: number;
  /** The longest time for which they are kept. A topic with a shorter retention keeps them for less. */
  readonly retentionMs: number;
  readonly failed: (error: unknown) => void;
}

type Waiting = Omit<ExchangeRow, "expiresAtMs"> & { readonly topic: string };

/**
 * Keeps requests and replies of attempts as they were. They wait in memory for up to a second and are written together,
 * so that no delivery waits for them. A crash loses those that wait, and nothing depends on them.
 */
export class ExchangeKeeper implements DeliveryReceiver {
  readonly #options: ExchangeKeeperOptions;
  readonly #sample = new ExchangeSample();
  #waiting: Waiting[] = [];
  #bytes = 0;
  #cancelTimer: (() => void) | null = null;
  #writing: Promise<void> = Promise.resolve();
  #cancelTrim: (() => void) | null = null;

  constructor(options: ExchangeKeeperOptions) {
    this.#options = options;
  }

  /** Begins to delete what is expired or too much. */
  start(): void {
    const { store, clock, timers, bytesMax } = this.#options;
    this.#cancelTrim = timers.after(engineLimits.exchangesTrimmedMs, () => {
      this.start();
      void this.#afterOthers(async () => {
        while (await store.exchanges.trim({ nowMs: clock.wall(), bytesMax }));
      });
    });
  }

  async stop(): Promise<void> {
    this.#cancelTrim?.();
    await this.flush();
  }

  settled({ subscription, message, push, attempt }: DeliveryOutcome): void {
    const recording = push?.recording ?? null;
    if (recording === null || attempt === null) return;
    const { clock, timers } = this.#options;
    const { keepExchanges = "sampled" } = subscription.settings.push ?? {};
    // In memory, failures of the store have no end, and so the bytes have a limit.
    if (this.#bytes >= engineLimits.exchangeBytesWaitingMax) return;
    if (!this.#sample.takes(subscription.id, keepExchanges, attempt.verdict === "accepted", clock.now())) return;
    const content = contentOfRecording(recording);
    if (content === null) return;
    const { id: subscriptionId, accountId, topic } = subscription;
    const { attempt: number, startedAtMs } = attempt;
    const key = { subscriptionId, seq: message.seq, attempt: number, startedAtMs };
    this.#waiting.push({ accountId, topic, ...key, ...content });
    this.#bytes +=
      content.requestBody.byteLength + (content.replyBody?.byteLength ?? 0) + engineLimits.exchangeHeadBytes;
    this.#cancelTimer ??= timers.after(engineLimits.exchangesWrittenMs, () => void this.flush());
  }

  /** Writes what waits. */
  flush(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    return this.#afterOthers(() => this.#write());
  }

  #afterOthers(work: () => Promise<void>): Promise<void> {
    return (this.#writing = this.#writing.then(work).catch(this.#options.failed));
  }

  async #write(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    const rows = await this.#withExpiry(waiting);
    if (rows.length > 0) await this.#options.store.exchanges.write(rows);
  }

  /** Requests contain messages, so they are kept no longer than the topic keeps those. */
  async #withExpiry(waiting: readonly Waiting[]): Promise<ExchangeRow[]> {
    const { store, retentionMs } = this.#options;
    const rows: ExchangeRow[] = [];
    for (const { topic: name, ...row } of waiting) {
      const topic = await store.catalog.getTopic(row.accountId, name);
      if (topic === null) continue;
      rows.push({ ...row, expiresAtMs: row.startedAtMs + Math.min(retentionMs, topic.settings.retentionMs) });
    }
    return rows;
  }
}
