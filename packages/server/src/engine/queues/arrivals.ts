interface Counted {
  begun: number;
  ended: number;
}

/**
 * Counts the messages that are being appended to queues. A count of a queue's messages may miss those that are appended while
 * it runs. So a sender adds every message that was being appended at any time since its count began. Without that, many senders
 * at once would all get the last free position.
 */
export class Arrivals {
  readonly #byQueue = new Map<number, Counted>();

  /** The returned function counts, at any later time, the messages that were being appended since now. */
  since(queueId: number): () => number {
    const endedBefore = this.#byQueue.get(queueId)?.ended ?? 0;
    const counted = this.#of(queueId);
    return () => counted.begun - endedBefore;
  }

  /** The returned function must be called when the append has ended, with success or not. */
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
