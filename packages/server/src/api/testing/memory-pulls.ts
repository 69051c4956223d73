import type { PulledMessage, Pulls, PullWant, ReceiptResult } from "../../engine/port.ts";

/** Hands out what a test has put in, and writes down what it was asked. Nothing is hidden, and no time passes. */
export class MemoryPulls implements Pulls {
  messages: PulledMessage[] = [];
  readonly wants: PullWant[] = [];
  readonly acknowledged: (readonly string[])[] = [];
  readonly putBacks: { readonly receipts: readonly string[]; readonly delayMs: number }[] = [];
  /** Of receipts; those that are not here are malformed. */
  readonly results = new Map<string, ReceiptResult>();
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

  async pull(_subscription: unknown, want: PullWant): Promise<readonly PulledMessage[]> {
    if (this.failure) throw this.failure;
    this.wants.push(want);
    if (this.messages.length === 0 && want.waitMs > 0) await this.#wakened(want.gone);
    const taken = this.messages.splice(0, want.messagesMax);
    if (taken.length > 0) {
      this.underWay++;
      want.handedOut?.(() => this.underWay--);
    }
    return taken;
  }

  async acknowledge(_subscription: unknown, receipts: readonly string[]): Promise<readonly ReceiptResult[]> {
    if (this.failure) throw this.failure;
    this.acknowledged.push(receipts);
    return this.#resultsOf(receipts);
  }

  async putBack(
    _subscription: unknown,
    receipts: readonly string[],
    delayMs: number,
  ): Promise<readonly ReceiptResult[]> {
    if (this.failure) throw this.failure;
    this.putBacks.push({ receipts, delayMs });
    return this.#resultsOf(receipts);
  }

  stopWaiting(): void {
    for (const wake of this.#waiting) wake();
  }

  #resultsOf(receipts: readonly string[]): readonly ReceiptResult[] {
    return receipts.map((receipt) => this.results.get(receipt) ?? "malformed");
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
