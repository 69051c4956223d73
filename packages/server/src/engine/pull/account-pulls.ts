import { momentOf } from "../../domain/clock-rules.ts";
import type { Moment } from "../../domain/ports.ts";
import { limits } from "../../domain/limits.ts";
import type { Attempt, Subscription } from "../../domain/model.ts";
import type { PulledDelivery, PulledSettlement } from "../../store/log.ts";
import type { FindDeadLetterTarget } from "./dead-lettering.ts";
import { fetchAttempt } from "./fetch-attempt.ts";
import type { PullQueues } from "./pull-queues.ts";
import type { AcknowledgeResult, PulledMessage, PullOptions } from "./pulls.ts";
import { readReceiptHandle, type ReceiptHandle } from "./receipt-handle.ts";
import type { EngineServices } from "../services.ts";
import { reportDelivery } from "../delivery-report.ts";

export interface AccountPullsOptions extends Pick<EngineServices, "store" | "events" | "observer" | "clock"> {
  readonly pullQueues: PullQueues;
}

/** The members of `AccountPulls` that the API uses. */
export type Pulls = Omit<AccountPulls, "sendDeadLetters">;

/**
 * Pulls messages of the account's subscriptions with `pull` settings, and acknowledges them. Every node sees the same
 * state.
 */
export class AccountPulls {
  readonly #options: AccountPullsOptions;

  constructor(options: AccountPullsOptions) {
    this.#options = options;
  }

  sendDeadLetters(find: FindDeadLetterTarget): void {
    this.#options.pullQueues.sendDeadLetters(find);
  }

  /**
   * Delivers the oldest message first, and serves the earliest request first. The result is empty if no message came
   * within `waitMs`. Throws `overloaded`, `too_many_waiters`, `too_many_unacknowledged`, `not_pulled`,
   * `subscription_not_found`, and errors of the store.
   */
  pull(subscription: Subscription, options: PullOptions): Promise<readonly PulledMessage[]> {
    return this.#options.pullQueues.pull(subscription, options);
  }

  /** Settles the messages, so that they are never delivered again. */
  async acknowledge(
    subscription: Subscription,
    receiptHandles: readonly string[],
  ): Promise<readonly AcknowledgeResult[]> {
    const moment = momentOf(this.#options.clock);
    const { results, applied } = await this.#settle(subscription, receiptHandles, (receiptHandle) => ({
      kind: "delivered",
      attempt: attemptOf(receiptHandle, moment),
    }));
    for (const receiptHandle of applied) this.#report(subscription, receiptHandle, moment);
    if (applied.size > 0) this.#options.pullQueues.acknowledged(subscription.id, null);
    return results;
  }

  /**
   * Makes the messages visible again after `delayMs`. With 0 they are visible at once. A larger value replaces the rest
   * of the visibility timeout.
   */
  async putBack(
    subscription: Subscription,
    receiptHandles: readonly string[],
    delayMs: number,
  ): Promise<readonly AcknowledgeResult[]> {
    const dueAtMs = this.#options.clock.now() + delayMs;
    const { results, applied } = await this.#settle(subscription, receiptHandles, () => ({ kind: "due", dueAtMs }));
    if (applied.size > 0) this.#options.pullQueues.acknowledged(subscription.id, dueAtMs);
    return results;
  }

  /** Ends every waiting pull without messages. Later pulls do not wait. */
  stopWaiting(): void {
    this.#options.pullQueues.stop();
  }

  async #settle(
    { id }: Subscription,
    texts: readonly string[],
    answerOf: (receiptHandle: ReceiptHandle) => PulledSettlement["answer"],
  ): Promise<{ readonly results: readonly AcknowledgeResult[]; readonly applied: ReadonlySet<ReceiptHandle> }> {
    // If the request repeats a handle, the second occurrence is reported as `ended`.
    const read = texts.map((text, index) =>
      texts.indexOf(text) === index ? readReceiptHandle(id, text) : ("repeated" as const),
    );
    const receiptHandles = read.filter((each) => each !== null && each !== "repeated");
    const applied = new Set<ReceiptHandle>();
    for (const step of stepsOf(receiptHandles)) {
      const answers = step.map((each) => ({ pulled: pulledDelivery(each), answer: answerOf(each) }));
      const isApplied = await this.#options.store.log.settlePulled(id, answers);
      for (const [index, each] of step.entries()) if (isApplied[index] === true) applied.add(each);
    }
    const results = read.map((each) => {
      if (each === null) return "malformed";
      return each !== "repeated" && applied.has(each) ? "done" : "ended";
    });
    return { results, applied };
  }

  #report(subscription: Subscription, receiptHandle: ReceiptHandle, moment: Moment): void {
    const attempt = attemptOf(receiptHandle, moment);
    reportDelivery(this.#options, {
      subscription,
      message: { seq: receiptHandle.seq, publishedAtMs: null },
      attempt,
      durationMs: attempt.durationMs,
      settled: { kind: "delivered" },
      atMs: moment.wallMs,
    });
  }
}

/**
 * Splits receipt handles into steps with at most one handle per message, because only one of several handles of a
 * message can be valid. Nearly always the result is one step.
 */
function stepsOf(receiptHandles: readonly ReceiptHandle[]): readonly ReceiptHandle[][] {
  const steps: ReceiptHandle[][] = [];
  for (const receiptHandle of receiptHandles) {
    const step = steps.find((others) => others.every(({ seq }) => seq !== receiptHandle.seq));
    if (step === undefined) steps.push([receiptHandle]);
    else step.push(receiptHandle);
  }
  return steps;
}

function pulledDelivery({ seq, retriesMade, firstAttemptAtMs }: ReceiptHandle): PulledDelivery {
  return { seq, retriesMade, firstAttemptAtMs };
}

/** An acknowledgement is recorded like a POST. The duration is the time from the pull to the acknowledgement. */
function attemptOf({ retriesMade, pulledAtMs }: ReceiptHandle, { nowMs, wallMs }: Moment): Attempt {
  // The receipt handle comes from a client, who can have changed the time in it.
  const durationMs = Math.min(Math.max(nowMs - pulledAtMs, 0), limits.visibilityMsMax);
  return fetchAttempt(retriesMade, wallMs - durationMs, durationMs);
}
