import type { AccountId, TimeMs, Topic } from "../../domain/model.ts";
import type { Clock, Timers } from "../../domain/ports.ts";
import { isName } from "../../domain/names.ts";
import { tallySteps, type TallyOwner, type TallyRow, type TallyStepMs, type TallyStore } from "../../store/tallies.ts";
import type { DeliveryOutcome, DeliveryReceiver } from "../delivery-outcome.ts";
import { engineLimits } from "../engine-limits.ts";
import { Step, type Series } from "./step.ts";
import { countedOutcome, type TallyCounts } from "./tally.ts";

export interface RecorderOptions {
  readonly tallies: TallyStore;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Names this process among all that have ever counted. */
  readonly writer: string;
  /** Measures the backlog of an account; null: it has too many subscriptions. */
  readonly measure: (accountId: AccountId) => Promise<{ backlog: number; deadLetters: number } | null>;
  readonly failed: (error: unknown) => void;
}

/**
 * Counts what happens, in memory, and writes the counts once a minute: a row for the minute, and one for the hour so
 * far. After a crash the counts of at most one minute are missing. What is idle has no row and costs nothing.
 */
export class StatisticsRecorder implements DeliveryReceiver {
  readonly #options: RecorderOptions;
  #minute: Step;
  #hour: Step;
  /** Steps that are over and not written yet. */
  #ended: Step[] = [];
  #cancelTimer: (() => void) | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: RecorderOptions) {
    this.#options = options;
    const nowMs = options.clock.wall();
    this.#minute = new Step(tallySteps.minute, nowMs);
    this.#hour = new Step(tallySteps.hour, nowMs);
  }

  start(): void {
    const { clock, timers } = this.#options;
    const delayMs = tallySteps.minute - (clock.wall() % tallySteps.minute);
    this.#cancelTimer = timers.after(delayMs, () => {
      void this.flush();
      this.start();
    });
  }

  async stop(): Promise<void> {
    this.#cancelTimer?.();
    await this.flush();
  }

  published(topic: Topic, messages: number): void {
    if (!isName(topic.name)) return;
    const { accountId, id: topicId } = topic;
    const step = this.#present();
    step.tallyOf({ accountId, topicId: null, subscriptionId: null }).published += messages;
    step.tallyOf({ accountId, topicId, subscriptionId: null }).published += messages;
  }

  settled(outcome: DeliveryOutcome): void {
    if (!isName(outcome.subscription.topic)) return;
    const counted = countedOutcome(outcome);
    for (const tally of this.#present().talliesOf(outcome.subscription)) tally.settled(counted);
  }

  /** The counts of this process that are not written yet, or were written in the present step. */
  present(owner: TallyOwner, stepMs: TallyStepMs): { readonly atMs: TimeMs; readonly counts: TallyCounts } | null {
    const minute = this.#present();
    const step = stepMs === tallySteps.minute ? minute : this.#hourWith(minute);
    const tally = step.find(owner);
    return tally === undefined ? null : { atMs: step.atMs, counts: tally.counts() };
  }

  get writer(): string {
    return this.#options.writer;
  }

  /** Writes what has been counted. */
  flush(): Promise<void> {
    return (this.#writing = this.#writing.then(() => this.#write()).catch(this.#options.failed));
  }

  async #write(): Promise<void> {
    const { clock, tallies } = this.#options;
    await this.#measureAccounts();
    const minute = this.#present();
    const steps = [...this.#ended.splice(0), minute, this.#hourWith(minute)];
    const rows = steps.flatMap((step) => this.#rowsOf(step));
    if (rows.length > 0) await tallies.write(rows);
    const nowMs = clock.wall();
    const before = { minutesMs: nowMs - engineLimits.minutesKeptMs, hoursMs: nowMs - engineLimits.hoursKeptMs };
    while (await tallies.trim(before));
  }

  /** The busiest owners get a row. Accounts come first, since there are few of them. */
  #rowsOf(step: Step): TallyRow[] {
    const { writer } = this.#options;
    const { stepMs, atMs } = step;
    return [...step.series()]
      .sort((one, other) => rankOf(other) - rankOf(one))
      .slice(0, engineLimits.talliesWrittenMax)
      .map(({ owner, tally }) => ({ ...owner, stepMs, atMs, writer, counts: tally.counts() }));
  }

  async #measureAccounts(): Promise<void> {
    const accounts = [...this.#present().series()].filter(({ owner }) => owner.topicId === null);
    for (const { owner } of accounts.slice(0, engineLimits.accountsMeasuredMax)) {
      const measured = await this.#options.measure(owner.accountId);
      if (measured !== null) this.#present().tallyOf(owner).measured(measured);
    }
  }

  /** The present minute. When a minute is over, it is put aside for the next write, and added to its hour. */
  #present(): Step {
    const nowMs = this.#options.clock.wall();
    if (this.#minute.contains(nowMs)) return this.#minute;
    this.#hour = this.#hourWith(this.#minute);
    this.#ended.push(this.#minute);
    this.#minute = new Step(tallySteps.minute, nowMs);
    if (!this.#hour.contains(nowMs)) {
      this.#ended.push(this.#hour);
      this.#hour = new Step(tallySteps.hour, nowMs);
    }
    // While the database cannot be written, old steps are dropped.
    this.#ended.splice(0, this.#ended.length - engineLimits.stepsUnwrittenMax);
    return this.#minute;
  }

  /** The hour with the counts of a minute that is not a part of it yet. */
  #hourWith(minute: Step): Step {
    const hour = new Step(tallySteps.hour, this.#hour.atMs);
    for (const step of [this.#hour, minute]) {
      for (const { owner, tally } of step.series()) hour.tallyOf(owner).add(tally.counts());
    }
    return hour;
  }
}

function rankOf({ owner, tally }: Series): number {
  return owner.topicId === null ? Number.MAX_SAFE_INTEGER : tally.events;
}
