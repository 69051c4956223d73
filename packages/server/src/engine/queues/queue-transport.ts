import { errorTable, RingbackError } from "../../domain/errors.ts";
import type { Clock } from "../../domain/ports.ts";
import type { Endpoint, PostResult, Transport } from "../../transport/port.ts";
import type { Queues } from "./queues.ts";

export interface QueueTransportOptions {
  /** Sends to every other endpoint. */
  readonly others: Transport;
  readonly send: Queues["send"];
  readonly clock: Clock;
  /** Reports an error that no attempt can tell. */
  readonly failed: (error: unknown) => void;
}

/**
 * Sends to endpoints `queue:NAME`: the body becomes a message of that queue. The result has the status that a server would
 * answer over HTTP, so retries and records are the same as for any other endpoint.
 */
export class QueueTransport implements Transport {
  readonly #options: QueueTransportOptions;
  readonly #sending = new Set<Promise<void>>();
  #isClosed = false;

  constructor(options: QueueTransportOptions) {
    this.#options = options;
  }

  post(endpoint: Endpoint, headers: readonly string[], body: Uint8Array, done: (result: PostResult) => void): void {
    if (!endpoint.origin.startsWith("queue:")) return this.#options.others.post(endpoint, headers, body, done);
    const sending = this.#send(endpoint, body, done);
    this.#sending.add(sending);
    void sending.finally(() => this.#sending.delete(sending));
  }

  openSockets(): number {
    return this.#options.others.openSockets();
  }

  /** Waits for the appends under way: reported as aborted, their messages would be sent twice. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([this.#options.others.close(), ...this.#sending]);
  }

  async #send(endpoint: Endpoint, body: Uint8Array, done: (result: PostResult) => void): Promise<void> {
    const { clock } = this.#options;
    const startedAtMs = clock.now();
    const ended = await this.#append(endpoint, body);
    try {
      done({ durationMs: Math.max(0, clock.now() - startedAtMs), headers: {}, ...ended });
    } catch (error) {
      this.#options.failed(error);
    }
  }

  async #append(endpoint: Endpoint, body: Uint8Array): Promise<Pick<PostResult, "error" | "status" | "body">> {
    // Asynchronous, as every other transport is.
    await Promise.resolve();
    if (this.#isClosed || endpoint.maySend?.() === false) return { error: "aborted", status: 0, body: nothing };
    try {
      await this.#options.send(endpoint.origin.slice("queue:".length), [{ body, delayMs: 0 }]);
      return { error: null, status: 200, body: nothing };
    } catch (error) {
      if (error instanceof RingbackError) {
        return { error: null, status: errorTable[error.code].status, body: Buffer.from(error.message) };
      }
      this.#options.failed(error);
      return { error: null, status: errorTable.internal.status, body: nothing };
    }
  }
}

const nothing = new Uint8Array();
