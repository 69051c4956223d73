interface Counter {
  begun: number;
  ended: number;
}

/**
 * Counts the messages that are being appended to queues. A count of a queue's messages may miss the messages that were
 * being appended at any time since that count began. Adding these keeps concurrent senders from exceeding the queue's
 * limit together.
 */
export class Arrivals {
  readonly #byQueue = new Map<number, Counter>();

  /** Returns a function that returns the number of messages that were being appended at any time since this call. */
  since(queueId: number): () => number {
    const endedBefore = this.#byQueue.get(queueId)?.ended ?? 0;
    const counter = this.#of(queueId);
    return () => counter.begun - endedBefore;
  }

  /** Returns a function that must be called when the messages were appended, or could not be. */
  begin(queueId: number, messages: number): () => void {
    const counter = this.#of(queueId);
    counter.begun += messages;
    return () => {
      counter.ended += messages;
    };
  }

  #of(queueId: number): Counter {
    let counter = this.#byQueue.get(queueId);
    if (counter === undefined) {
      counter = { begun: 0, ended: 0 };
      this.#byQueue.set(queueId, counter);
    }
    return counter;
  }

  forget(queueId: number): void {
    this.#byQueue.delete(queueId);
  }
}
