interface Counted {
  begun: number;
  ended: number;
}

/**
 * Messages that are on their way into queues. Whoever counts a queue's messages adds those that were on their way at any
 * time since the count began: it may have missed them. So many who send at once never find the last free place all together.
 */
export class Arrivals {
  readonly #byQueue = new Map<number, Counted>();

  /** Returns what tells, at any later time, how many were on their way since now. */
  since(queueId: number): () => number {
    const endedBefore = this.#byQueue.get(queueId)?.ended ?? 0;
    const counted = this.#of(queueId);
    return () => counted.begun - endedBefore;
  }

  /** Returns what must be called when they have arrived, or will not. */
  begin(queueId: number, messages: number): () => void {
    const counted = this.#of(queueId);
    counted.begun += messages;
    return () => {
      counted.ended += messages;
    };
  }

  #of(queueId: number): Counted {
    let counted = this.#byQueue.get(queueId);
    if (counted === undefined) {
      counted = { begun: 0, ended: 0 };
      this.#byQueue.set(queueId, counted);
    }
    return counted;
  }

  forget(queueId: number): void {
    this.#byQueue.delete(queueId);
  }
}
