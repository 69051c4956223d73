import { queueOfUrl } from "../../domain/endpoint-url-rule.ts";
import { errorTable, RingbackError } from "../../domain/errors.ts";
import type { AccountId } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import type { Endpoint, PostResult, Transport } from "../../transport/port.ts";
import type { Queues } from "./account-queues.ts";

export interface QueueTransportOptions {
  /** The transport for all other endpoints. */
  readonly others: Transport;
  readonly queuesOf: (accountId: AccountId) => Pick<Queues, "send">;
  readonly clock: Clock;
  /** Receives unexpected errors, whose details no attempt record shows. */
  readonly failed: (error: unknown) => void;
}

/**
 * Transport for endpoints `queue:NAME`: sends the body to that queue. An error of the queue is returned as the HTTP
 * reply that the REST API would give, so retries and attempt records work as for any other endpoint.
 */
export class QueueTransport implements Transport {
  readonly #options: QueueTransportOptions;
  readonly #sending = new Set<Promise<void>>();
  #isClosed = false;

  constructor(options: QueueTransportOptions) {
    this.#options = options;
  }

  post(endpoint: Endpoint, headers: readonly string[], body: Uint8Array, done: (result: PostResult) => void): void {
    const queue = queueOfUrl(endpoint.origin);
    if (queue === null) return this.#options.others.post(endpoint, headers, body, done);
    const sending = this.#post(queue, endpoint, body, done);
    this.#sending.add(sending);
    void sending.finally(() => this.#sending.delete(sending));
  }

  openSockets(): number {
    return this.#options.others.openSockets();
  }

  /** Waits for running appends. If one were reported as aborted, its message would be sent twice. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([this.#options.others.close(), ...this.#sending]);
  }

  async #post(queue: string, endpoint: Endpoint, body: Uint8Array, done: (result: PostResult) => void): Promise<void> {
    const { clock } = this.#options;
    const startedAtMs = clock.now();
    const ended = await this.#append(queue, endpoint, body);
    try {
      done({ durationMs: Math.max(0, clock.now() - startedAtMs), headers: {}, ...ended });
    } catch (error) {
      this.#options.failed(error);
    }
  }

  async #append(
    queue: string,
    endpoint: Endpoint,
    body: Uint8Array,
  ): Promise<Pick<PostResult, "error" | "errorDetail" | "status" | "body">> {
    // The interface forbids calling `done` before `post` has returned.
    await Promise.resolve();
    const { accountId } = endpoint;
    if (accountId === undefined) throw new Error("an endpoint for a queue has no account");
    if (this.#isClosed || endpoint.maySend?.() === false) return { error: "aborted", status: 0, body: nothing };
    try {
      await this.#options.queuesOf(accountId).send(queue, [{ body, delayMs: 0 }]);
      return { error: null, status: 200, body: nothing };
    } catch (error) {
      if (error instanceof RingbackError) {
        const { code, message } = error;
        return { error: null, errorDetail: message, status: errorTable[code].status, body: Buffer.from(message) };
      }
      this.#options.failed(error);
      return { error: null, status: errorTable.internal.status, body: nothing };
    }
  }
}

const nothing = new Uint8Array();
