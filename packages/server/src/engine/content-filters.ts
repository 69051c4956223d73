import type { Timers } from "../domain/ports.ts";
import { usedSteps } from "../expressions/steps.ts";
import { compileWhere, type WherePredicate } from "../expressions/where.ts";
import type { ClaimedDelivery } from "../store/log.ts";
import { engineLimits } from "./engine-limits.ts";

/** Deliveries of a claim by what `filter.where` says about their messages, each group in the order of the claim. */
export interface Judged {
  readonly wanted: readonly ClaimedDelivery[];
  readonly rejected: readonly ClaimedDelivery[];
  readonly failed: readonly { readonly delivery: ClaimedDelivery; readonly error: string }[];
}

interface Work {
  readonly matches: WherePredicate;
  readonly deliveries: readonly ClaimedDelivery[];
  readonly done: (judged: Judged) => void;
  readonly judged: { [K in keyof Judged]: Judged[K][number][] };
  next: number;
}

/** Bytes of a message whose parsing takes as long as one step of an expression. */
const BYTES_PER_STEP = 8;

/**
 * Applies the expressions of `filter.where` to claimed deliveries. Expensive ones are applied in several turns of the
 * event loop, so that they do not delay other requests.
 */
export class ContentFilters {
  readonly #timers: Pick<Timers, "soon">;
  readonly #waiting: Work[] = [];
  #stepsLeft: number = engineLimits.filterStepsPerTurn;
  #isScheduled = false;
  #idleWaiters: (() => void)[] = [];

  constructor(timers: Pick<Timers, "soon">) {
    this.#timers = timers;
  }

  /** Calls `done` exactly once: before returning, if the expression is cheap. `where` null: every message is wanted. */
  judge(where: string | null, deliveries: readonly ClaimedDelivery[], done: (judged: Judged) => void): void {
    if (where === null || deliveries.length === 0) return done({ wanted: deliveries, rejected: [], failed: [] });
    const judged = { wanted: [], rejected: [], failed: [] };
    this.#waiting.push({ matches: predicateOf(where), deliveries, done, judged, next: 0 });
    if (this.#waiting.length === 1) this.#run();
  }

  /** Resolves when all claims have been judged. */
  async idle(): Promise<void> {
    while (this.#waiting.length > 0) await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
  }

  #run(): void {
    for (let work = this.#waiting[0]; work !== undefined; work = this.#waiting[0]) {
      for (; work.next < work.deliveries.length; work.next++) {
        if (this.#stepsLeft <= 0) return this.#schedule();
        this.#judgeNext(work, work.deliveries[work.next] as ClaimedDelivery);
      }
      // Removed first, because `done` may ask for the next judgement.
      this.#waiting.shift();
      work.done(work.judged);
    }
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
    if (this.#stepsLeft < engineLimits.filterStepsPerTurn) this.#schedule();
  }

  #judgeNext({ matches, judged }: Work, delivery: ClaimedDelivery): void {
    const result = matches(delivery.message);
    this.#stepsLeft -= usedSteps() + delivery.message.body.byteLength / BYTES_PER_STEP;
    if (result === true) judged.wanted.push(delivery);
    else if (result === false) judged.rejected.push(delivery);
    else judged.failed.push({ delivery, error: result.error });
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#timers.soon(() => {
      this.#isScheduled = false;
      this.#stepsLeft = engineLimits.filterStepsPerTurn;
      this.#run();
    });
  }
}

/** An expression that cannot be compiled, for example after an upgrade, fails for each message. */
function predicateOf(where: string): WherePredicate {
  try {
    return compileWhere(where);
  } catch (error) {
    const fault = error instanceof Error ? error.message : String(error);
    return () => ({ error: `filter.where: ${fault}` });
  }
}
