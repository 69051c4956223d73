import { engineLimits } from "../engine-limits.ts";
import type { EngineServices } from "../services.ts";
import { reportDeadLetters } from "./dead-letters-added.ts";
import { diskCheck, type DiskUse } from "./disk-nearly-full.ts";
import { EventMessages, type EventMessagesOptions } from "./event-messages.ts";
import { expiryCheck, type ExpiryCheckOptions } from "./key-expiring.ts";
import { LimitsReached } from "./limits-reached.ts";
import type { LimitsOf } from "../../domain/account-limits.ts";
import { reportExpired } from "./messages-expired.ts";
import { nodeGoneCheck } from "./node-gone.ts";
import { publishLiveEvents } from "./published-live-events.ts";
import { repeatCheck } from "./repeated-check.ts";

export interface EventProducersOptions
  extends EngineServices, EventMessagesOptions, Omit<ExpiryCheckOptions, "messages"> {
  readonly limitsOf: LimitsOf;
  /** Reads how full the database and the disk of this node are. */
  readonly diskUses: () => Promise<readonly DiskUse[]>;
}

/** Everything that publishes events on the topics `ringback.events`. */
export class EventProducers {
  readonly messages: EventMessages;
  readonly limitsReached: LimitsReached;
  readonly #options: EventProducersOptions;
  readonly #reports: readonly (() => void)[];
  #checks: readonly (() => Promise<void>)[] = [];

  constructor(options: EventProducersOptions) {
    const { events, timers } = options;
    this.#options = options;
    this.messages = new EventMessages(options);
    this.limitsReached = new LimitsReached({ ...options, messages: this.messages });
    this.#reports = [
      publishLiveEvents(events, this.messages),
      reportDeadLetters(events, this.messages, timers),
      reportExpired(events, this.messages, timers),
      () => this.limitsReached.stop(),
    ];
  }

  start(): void {
    const { store, clock, diskUses } = this.#options;
    const { messages } = this;
    const accountId = store.catalog.defaultAccount().id;
    const shared = { ...this.#options, messages };
    const checks = [
      { intervalMs: engineLimits.expiryCheckMs, check: expiryCheck(shared) },
      { intervalMs: engineLimits.diskCheckMs, check: diskCheck({ clock, messages, accountId, uses: diskUses }) },
      { intervalMs: engineLimits.nodeCheckMs, check: nodeGoneCheck(shared) },
    ];
    this.#checks = checks.map((check) => repeatCheck({ ...this.#options, ...check }));
  }

  /** Call after the engine has stopped, because the engine's last outcomes are published as well. */
  async stop(): Promise<void> {
    await Promise.all(this.#checks.map((stop) => stop()));
    for (const end of this.#reports) end();
    await this.messages.stop();
  }
}
