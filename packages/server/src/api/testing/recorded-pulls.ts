import type { Subscription } from "../../domain/model.ts";
import type { Pulls } from "../../engine/pull/account-pulls.ts";
import type { AcknowledgeResult, PulledMessage, PullOptions } from "../../engine/pull/pulls.ts";

/** The engine's pulls, with a record of the calls that the API made. */
export class RecordedPulls implements Pulls {
  readonly #pulls: Pulls;
  readonly wants: PullOptions[] = [];
  readonly acknowledged: (readonly string[])[] = [];
  readonly putBacks: { readonly receiptHandles: readonly string[]; readonly delayMs: number }[] = [];
  /** Pulls that have no result yet. */
  waiting = 0;
  /** Answers that no client has read yet. */
  unread = 0;
  /** True: a pull returns its messages only when its client has disconnected. */
  returnsWhenGone = false;
  /** Every call rejects with this error. */
  failure: Error | null = null;

  constructor(pulls: Pulls) {
    this.#pulls = pulls;
  }

  async pull(subscription: Subscription, want: PullOptions): Promise<readonly PulledMessage[]> {
    if (this.failure !== null) throw this.failure;
    this.wants.push(want);
    this.waiting++;
    try {
      const messages = await this.#pulls.pull(subscription, {
        ...want,
        onDelivered: (read) => {
          this.unread++;
          want.onDelivered?.(() => {
            this.unread--;
            read();
          });
        },
      });
      if (this.returnsWhenGone && !want.gone.aborted) {
        await new Promise((resolve) => want.gone.addEventListener("abort", resolve));
      }
      return messages;
    } finally {
      this.waiting--;
    }
  }

  async acknowledge(
    subscription: Subscription,
    receiptHandles: readonly string[],
  ): Promise<readonly AcknowledgeResult[]> {
    if (this.failure !== null) throw this.failure;
    this.acknowledged.push(receiptHandles);
    return this.#pulls.acknowledge(subscription, receiptHandles);
  }

  async putBack(
    subscription: Subscription,
    receiptHandles: readonly string[],
    delayMs: number,
  ): Promise<readonly AcknowledgeResult[]> {
    if (this.failure !== null) throw this.failure;
    this.putBacks.push({ receiptHandles, delayMs });
    return this.#pulls.putBack(subscription, receiptHandles, delayMs);
  }

  stopWaiting(): void {
    this.#pulls.stopWaiting();
  }
}
