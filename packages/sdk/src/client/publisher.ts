// Programs for browsers have no types of Node, which would declare `AsyncDisposable`.
/// <reference lib="esnext.disposable" preserve="true" />
import type { MessageInput, PublishedMessage } from "./api.ts";
import { InvalidRequestError } from "./api-error.ts";
import { newIdempotencyKey } from "./idempotency-key.ts";
import { Outage, type OnRetry } from "./outage.ts";

export interface PublisherOptions {
  /** A request has at most this many messages, up to 1,000. Default: 100. */
  readonly messagesMax?: number;
  /** A message waits at most this long for others, in milliseconds. Default: 5. */
  readonly delayMs?: number;
  /** At most this many messages wait. Default: 10,000. */
  readonly waitingMax?: number;
  /**
   * How long batches are sent again while the server cannot be reached, in milliseconds. Default: 60 s, or 0 for a
   * client without retries.
   */
  readonly retryForMs?: number;
}

/** Sends the JSON text of a batch. */
export type SendBatch = (json: string, idempotencyKey: string) => Promise<readonly PublishedMessage[]>;

interface Waiting {
  readonly json: string;
  readonly resolve: (published: PublishedMessage) => void;
  readonly reject: (reason: unknown) => void;
}

const messagesMaxDefault = 100;
const delayMsDefault = 5;
const waitingMaxDefault = 10_000;
const retryForMsDefault = 60_000;
/** The server accepts no larger batch. */
const batchMessagesMax = 1000;
/** Well below what the server accepts in one request. */
const batchCharsMax = 1024 * 1024;

/** Publishes messages to one topic in batches, in the order of the calls. One request runs at a time. */
export class Publisher implements AsyncDisposable {
  readonly #send: SendBatch;
  readonly #messagesMax: number;
  readonly #delayMs: number;
  readonly #waitingMax: number;
  readonly #outage: Outage;
  readonly #waiting: Waiting[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  #sending: Promise<void> | null = null;
  #isClosed = false;

  constructor(send: SendBatch, options: PublisherOptions = {}, onRetry?: OnRetry) {
    this.#send = send;
    this.#messagesMax = countOf("messagesMax", options.messagesMax ?? messagesMaxDefault, batchMessagesMax);
    this.#delayMs = options.delayMs ?? delayMsDefault;
    this.#waitingMax = countOf("waitingMax", options.waitingMax ?? waitingMaxDefault, Infinity);
    this.#outage = new Outage(options.retryForMs ?? retryForMsDefault, onRetry);
  }

  /** Resolves when this message is on the server's disk. Rejects with the error of this message alone. */
  publish(message: MessageInput): Promise<PublishedMessage> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) throw new TypeError("the publisher is closed");
      if (this.#waiting.length >= this.#waitingMax) throw new RangeError(fullText(this.#waitingMax));
      // Callers without types may pass anything. `JSON.stringify` returns no text for undefined and for a function.
      const json = JSON.stringify(message) as string | undefined;
      if (json === undefined) throw new TypeError("the message must be an object such as { body: … }");
      this.#waiting.push({ json, resolve, reject });
      if (this.#waiting.length >= this.#messagesMax) this.#start();
      else this.#timer ??= setTimeout(() => this.#start(), this.#delayMs);
    });
  }

  /** Sends what waits now. Resolves when every message so far has its result. Never rejects. */
  async flush(): Promise<void> {
    this.#start();
    await this.#sending;
  }

  /** As `flush`. Later messages are refused. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.flush();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #start(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#sending ??= this.#sendAll().finally(() => (this.#sending = null));
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) await this.#sendBatch(this.#nextBatch());
  }

  #nextBatch(): readonly Waiting[] {
    let count = 0;
    let chars = 0;
    for (const { json } of this.#waiting.slice(0, this.#messagesMax)) {
      chars += json.length;
      if (count > 0 && chars > batchCharsMax) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  /** A batch is accepted or refused as a whole. After a refusal each message is sent alone, so only wrong ones fail. */
  async #sendBatch(batch: readonly Waiting[]): Promise<void> {
    try {
      const json = `{"messages":[${batch.map((one) => one.json).join(",")}]}`;
      const idempotencyKey = newIdempotencyKey();
      const published = await this.#outage.survive(() => this.#send(json, idempotencyKey));
      for (const [index, { resolve, reject }] of batch.entries()) {
        const one = published[index];
        if (one === undefined) reject(new TypeError("the answer lacks a message of the batch"));
        else resolve(one);
      }
    } catch (error) {
      if (error instanceof InvalidRequestError && batch.length > 1) {
        for (const one of batch) await this.#sendBatch([one]);
      } else {
        for (const { reject } of batch) reject(error);
      }
    }
  }
}

function countOf(name: string, count: number, max: number): number {
  if (count === max || (Number.isInteger(count) && count >= 1 && count < max)) return count;
  throw new RangeError(`${name} is ${count}; it must be a whole number from 1${max === Infinity ? "" : ` to ${max}`}`);
}

function fullText(waitingMax: number): string {
  return `${waitingMax} messages wait already: await earlier calls of publish, or raise waitingMax`;
}
