interface Counter {
  begun: number;
  ended: number;
}

/**
 * Counts the messages that are being appended to queues. A count of a queue's messages can miss messages that are
 * appended while the count is read. So senders add these messages to the count, and cannot exceed the queue's limit
 * together.
 */
export class Arrivals {
  readonly #byQueue = new Map<number, Counter>();

  /** Returns a function that returns the number of messages that were being appended at any time since this call. */
  since(queueId: number): () => number {
    const endedBefore = this.#byQueue.get(queueId)?.ended ?? 0;
    const counter = this.#of(queueId);
    return () => counter.begun - endedBefore;
  }

  /** Returns a function that must be called when the append has succeeded or failed. */
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
