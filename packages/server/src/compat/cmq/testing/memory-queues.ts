import { RingbackError } from "../../../domain/errors.ts";
import { messageId } from "../../../domain/message-id.ts";
import type { MessageId, TopicId } from "../../../domain/model.ts";
import type { Clock } from "../../../domain/ports.ts";
import type { PulledMessage, AcknowledgeResult } from "../../../engine/pull/pulls.ts";
import type { QueueDetails, QueueMessage, Queues, QueueSettings } from "../../../engine/queues/queues.ts";

interface Held {
  readonly seq: number;
  readonly body: Uint8Array;
  readonly sentAtMs: number;
  visibleAtMs: number;
  receives: number;
  firstReceivedAtMs: number;
  deleted: boolean;
}

interface MemoryQueue {
  details: QueueDetails;
  readonly held: Held[];
}

/** Queues as far as the door's tests look: no waiting, no dead letters, no retention. */
export class MemoryQueues implements Queues {
  readonly #clock: Clock;
  readonly #queues = new Map<string, MemoryQueue>();
  /** What was asked for, for tests that look at it. */
  readonly receives: { readonly name: string; readonly waitMs: number | null; readonly messagesMax: number }[] = [];
  /** Whatever makes, sends or receives rejects with this while it is set. */
  failure: Error | null = null;
  #lastId = 100;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async create(name: string, settings: QueueSettings): Promise<QueueDetails> {
    this.#mayFail();
    const wanted = name.toLowerCase();
    if ([...this.#queues.keys()].some((other) => other.toLowerCase() === wanted))
      throw new RingbackError("queue_exists");
    if (settings.deadLetters !== null) this.#queue(settings.deadLetters.queue);
    const now = this.#clock.now();
    const details = { ...settings, name, id: ++this.#lastId, createdAtMs: now, updatedAtMs: now };
    this.#queues.set(name, { details, held: [] });
    return details;
  }

  async change(name: string, change: Partial<QueueSettings>): Promise<QueueDetails> {
    const queue = this.#queue(name);
    queue.details = { ...queue.details, ...change, updatedAtMs: this.#clock.now() };
    return queue.details;
  }

  async get(name: string): Promise<QueueDetails | null> {
    return this.#queues.get(name)?.details ?? null;
  }

  async list() {
    return { items: [...this.#queues.values()].map(({ details }) => details), next: null };
  }

  async delete(name: string): Promise<boolean> {
    return this.#queues.delete(name);
  }

  async send(name: string, messages: readonly QueueMessage[]): Promise<readonly MessageId[]> {
    this.#mayFail();
    const { details, held } = this.#queue(name);
    if (messages.some(({ body }) => body.length > details.bodyBytesMax)) throw new RingbackError("body_too_large");
    if (held.filter(({ deleted }) => !deleted).length + messages.length > details.messagesMax) {
      throw new RingbackError("queue_full");
    }
    const now = this.#clock.now();
    return messages.map(({ body, delayMs }) => {
      const seq = held.length + 1;
      const fresh = { receives: 0, firstReceivedAtMs: 0, deleted: false };
      held.push({ seq, body, sentAtMs: now, visibleAtMs: now + delayMs, ...fresh });
      return messageId(details.id as TopicId, seq);
    });
  }

  async receive(name: string, want: Parameters<Queues["receive"]>[1]): Promise<readonly PulledMessage[]> {
    this.#mayFail();
    const { details, held } = this.#queue(name);
    this.receives.push({ name, waitMs: want.waitMs, messagesMax: want.messagesMax });
    const now = this.#clock.now();
    const there = held.filter(({ deleted, visibleAtMs }) => !deleted && visibleAtMs <= now);
    return there.slice(0, want.messagesMax).map((message) => {
      message.receives++;
      if (message.receives === 1) message.firstReceivedAtMs = now;
      message.visibleAtMs = now + (want.visibilityMs ?? details.visibilityMs);
      return pulled(details, message);
    });
  }

  async acknowledge(name: string, receiptHandles: readonly string[]): Promise<readonly AcknowledgeResult[]> {
    const { held } = this.#queue(name);
    return receiptHandles.map((receiptHandle) => {
      const [, seq, receives] = /^r-(\d+)-(\d+)$/.exec(receiptHandle) ?? [];
      if (seq === undefined) return "malformed";
      const message = held[Number(seq) - 1];
      const isTheirs = message?.deleted === false && message.receives === Number(receives);
      if (!isTheirs || message.visibleAtMs <= this.#clock.now()) return "ended";
      message.deleted = true;
      return "done";
    });
  }

  async counts(name: string) {
    const { held } = this.#queue(name);
    const now = this.#clock.now();
    const rest = held.filter(({ deleted }) => !deleted);
    const hiding = rest.filter(({ visibleAtMs }) => visibleAtMs > now);
    return {
      visible: rest.length - hiding.length,
      invisible: hiding.filter(({ receives }) => receives > 0).length,
      delayed: hiding.filter(({ receives }) => receives === 0).length,
      oldestAtMs: rest[0]?.sentAtMs ?? null,
      rewindable: held.length - rest.length,
    };
  }

  async rewind(name: string, atMs: number): Promise<void> {
    const { details, held } = this.#queue(name);
    if (atMs < this.#clock.now() - details.rewindMs) throw RingbackError.at("invalid_request", "at", "is too far back");
    for (const message of held) {
      if (message.sentAtMs >= atMs) Object.assign(message, { deleted: false, visibleAtMs: 0, receives: 0 });
    }
  }

  #mayFail(): void {
    if (this.failure !== null) throw this.failure;
  }

  #queue(name: string): MemoryQueue {
    const queue = this.#queues.get(name);
    if (queue === undefined) throw new RingbackError("queue_not_found");
    return queue;
  }
}

function pulled(
  { id }: QueueDetails,
  { seq, body, sentAtMs, visibleAtMs, receives, firstReceivedAtMs }: Held,
): PulledMessage {
  const topicId = id as TopicId;
  return {
    id: messageId(topicId, seq),
    message: {
      topicId,
      seq,
      body,
      contentType: null,
      tags: [],
      type: null,
      orderingKey: null,
      attributes: {},
      publishedAtMs: sentAtMs,
      deliverAtMs: null,
    },
    receiptHandle: `r-${seq}-${receives}`,
    receives,
    firstReceivedAtMs,
    visibleAtMs,
  };
}
