import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { Message, NewMessage, Seq, TimeMs, Topic } from "../../domain/model.ts";
import type { AppendRequest, AppendResult } from "../log.ts";

const IDEMPOTENCY_MS = limits.idempotencyKeyHours * 3600_000;

interface UsedKey {
  readonly fingerprint: string;
  readonly result: AppendResult;
}

/** A topic and the messages of its log. */
export class TopicLog {
  topic: Topic;
  readonly #messages = new Map<Seq, Message>();
  /** In order of publishing time. */
  readonly #usedKeys = new Map<string, UsedKey>();
  firstSeq: Seq = 1;
  lastSeq: Seq = 0;
  #lastPublishedAtMs: TimeMs = 0;
  /** Bytes of the bodies of the messages. */
  bytes = 0;

  constructor(topic: Topic) {
    this.topic = topic;
  }

  message(seq: Seq): Message | undefined {
    return this.#messages.get(seq);
  }

  append({ messages, idempotency }: AppendRequest, nowMs: TimeMs): AppendResult {
    const used = idempotency === null ? undefined : this.#usedKeys.get(idempotency.key);
    if (idempotency !== null && used !== undefined && used.result.publishedAtMs > nowMs - IDEMPOTENCY_MS) {
      if (used.fingerprint !== idempotency.fingerprint) throw new RingbackError("idempotency_conflict");
      return { ...used.result, replayed: true };
    }
    // Publishing times never decrease within a log, even when the clock is set back.
    const publishedAtMs = Math.max(nowMs, this.#lastPublishedAtMs);
    const result = { firstSeq: this.lastSeq + 1, publishedAtMs, replayed: false };
    for (const message of messages) this.#add(message, publishedAtMs);
    if (idempotency !== null) {
      this.#usedKeys.delete(idempotency.key);
      this.#usedKeys.set(idempotency.key, { fingerprint: idempotency.fingerprint, result });
    }
    return result;
  }

  #add({ delayMs, body, ...message }: NewMessage, publishedAtMs: TimeMs): void {
    const seq = ++this.lastSeq;
    const deliverAtMs = delayMs === 0 ? null : publishedAtMs + delayMs;
    // A copy: the caller may use its buffer again.
    const kept = { ...message, body: new Uint8Array(body), topicId: this.topic.id, seq, publishedAtMs, deliverAtMs };
    this.#messages.set(seq, kept);
    this.#lastPublishedAtMs = publishedAtMs;
    this.bytes += body.byteLength;
  }

  /** The first position published at or after a time. */
  seqAt(atMs: TimeMs): Seq {
    let low = this.firstSeq;
    let high = this.lastSeq + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((this.#messages.get(middle)?.publishedAtMs ?? 0) < atMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Removes the oldest message. */
  removeFirst(): void {
    const message = this.#messages.get(this.firstSeq);
    this.#messages.delete(this.firstSeq++);
    this.bytes -= message?.body.byteLength ?? 0;
  }

  /** Removes expired idempotency keys. Returns how many. */
  trimKeys(nowMs: TimeMs, keysMax: number): number {
    let count = 0;
    for (const [key, { result }] of this.#usedKeys) {
      if (count === keysMax || result.publishedAtMs >= nowMs - IDEMPOTENCY_MS) break;
      this.#usedKeys.delete(key);
      count++;
    }
    return count;
  }
}
