import type { PulledMessage, Pulls, PullOptions, AcknowledgeResult } from "../../engine/pull/pulls.ts";

/** Hands out what a test has put in, and writes down what it was asked. Nothing is hidden, and no time passes. */
export class MemoryPulls implements Pulls {
  messages: PulledMessage[] = [];
  readonly wants: PullOptions[] = [];
  readonly acknowledged: (readonly string[])[] = [];
  readonly putBacks: { readonly receiptHandles: readonly string[]; readonly delayMs: number }[] = [];
  /** Of receipt handles; those that are not here are malformed. */
  readonly results = new Map<string, AcknowledgeResult>();
  /** Answers that no client has got yet. */
  underWay = 0;
  /** Every call rejects with this while it is set. */
  failure: Error | null = null;
  readonly #waiting = new Set<() => void>();

  get waiting(): number {
    return this.#waiting.size;
  }

  /** For whoever waits. */
  arrive(...messages: PulledMessage[]): void {
    this.messages.push(...messages);
    for (const wake of this.#waiting) wake();
  }

  async pull(_subscription: unknown, want: PullOptions): Promise<readonly PulledMessage[]> {
    if (this.failure) throw this.failure;
    this.wants.push(want);
    if (this.messages.length === 0 && want.waitMs > 0) await this.#wakened(want.gone);
    const taken = this.messages.splice(0, want.messagesMax);
    if (taken.length > 0) {
      this.underWay++;
      want.onDelivered?.(() => this.underWay--);
    }
    return taken;
  }

  async acknowledge(_subscription: unknown, receiptHandles: readonly string[]): Promise<readonly AcknowledgeResult[]> {
    if (this.failure) throw this.failure;
    this.acknowledged.push(receiptHandles);
    return this.#resultsOf(receiptHandles);
  }

  async putBack(
    _subscription: unknown,
    receiptHandles: readonly string[],
    delayMs: number,
  ): Promise<readonly AcknowledgeResult[]> {
    if (this.failure) throw this.failure;
    this.putBacks.push({ receiptHandles, delayMs });
    return this.#resultsOf(receiptHandles);
  }

  stopWaiting(): void {
    for (const wake of this.#waiting) wake();
  }

  #resultsOf(receiptHandles: readonly string[]): readonly AcknowledgeResult[] {
    return receiptHandles.map((receiptHandle) => this.results.get(receiptHandle) ?? "malformed");
  }

  #wakened(gone: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => {
      this.#waiting.delete(wake);
      resolve();
    };
    this.#waiting.add(wake);
    gone.addEventListener("abort", wake);
    return promise;
  }
}
