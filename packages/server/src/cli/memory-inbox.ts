import { randomBytes } from "node:crypto";
import { unlimited } from "../domain/account-limits.ts";
import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { Mutex } from "../domain/mutex.ts";
import type { ReceivedRequest } from "../domain/received-request.ts";
import type { Clock, Timers } from "../domain/ports.ts";
import { createEventBus } from "../engine/event-bus.ts";
import { AccountInboxes } from "../engine/inboxes/account-inboxes.ts";
import { InboxVerifier } from "../engine/inboxes/inbox-verifier.ts";
import type { EngineObserver } from "../engine/observer.ts";
import { createPublisher } from "../engine/publisher.ts";
import type { LeasedMessage } from "../engine/pull/leased-delivery.ts";
import { PullQueues } from "../engine/pull/pull-queues.ts";
import { MemoryStore } from "../store/memory/memory-store.ts";

export interface MemoryInboxOptions {
  /** null: messages are kept until they are taken. */
  readonly whilePolledMs: number | null;
  readonly messagesMax: number;
  /** Limit of all messages together. */
  readonly bytesMax: number;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Reports an error that no caller receives. */
  readonly failed: (error: unknown) => void;
}

/**
 * `dropped`: the inbox keeps messages only while it is polled, and no client polls. `full`: the inbox has reached its
 * limit of messages or bytes.
 */
export type KeepOutcome = "kept" | "dropped" | "full";

const name = "inbox";
const never = new AbortController().signal;

/** One inbox with the code of the server's inboxes, on a store in memory. */
export class MemoryInbox {
  readonly #store: MemoryStore;
  readonly #inboxes: AccountInboxes;
  readonly #pullQueues: PullQueues;
  readonly #bytesMax: number;
  /** The size of each message in the inbox, oldest message first. */
  readonly #sizes: number[] = [];
  /** Messages are added one after the other, so that concurrent messages cannot exceed `bytesMax` together. */
  readonly #mutex = new Mutex();

  private constructor({ bytesMax, clock, timers, failed }: MemoryInboxOptions) {
    this.#bytesMax = bytesMax;
    this.#store = new MemoryStore({ clock, attemptRetentionMs: 0, keepsSettled: false });
    const shared = { store: this.#store, events: createEventBus(failed), observer: unobserved, clock };
    this.#pullQueues = new PullQueues({ ...shared, timers, failed });
    const publisher = createPublisher(shared);
    this.#inboxes = new AccountInboxes({
      ...shared,
      accountId: this.#store.catalog.defaultAccount().id,
      limitsOf: () => unlimited,
      publisher,
      pullQueues: this.#pullQueues,
      verifier: new InboxVerifier({ masterKeys: [], failed, clock }),
      randomBytes,
    });
  }

  static async open(options: MemoryInboxOptions): Promise<MemoryInbox> {
    const inbox = new MemoryInbox(options);
    const { whilePolledMs, messagesMax } = options;
    const { bodyBytesMax, retentionMsMax: retentionMs } = limits;
    inbox.#pullQueues.start();
    const kept = { whilePolledMs, messagesMax, bodyBytesMax, retentionMs };
    await inbox.#inboxes.put(name, { topic: null, accept: "json", verify: null, ...kept });
    return inbox;
  }

  keep(body: Uint8Array, request: ReceivedRequest): Promise<KeepOutcome> {
    return this.#mutex.run(async () => {
      await this.#freeTaken();
      const bytes = this.#sizes.reduce((sum, size) => sum + size, sizeOf(body, request));
      if (bytes > this.#bytesMax) return "full";
      try {
        const { kept } = await this.#inboxes.keep(name, { body, contentType: null, request });
        if (!kept) return "dropped";
        this.#sizes.push(sizeOf(body, request));
        return "kept";
      } catch (error) {
        if (error instanceof RingbackError && error.code === "inbox_full") return "full";
        throw error;
      }
    });
  }

  /** Takes the oldest message. Returns null if the inbox is empty. */
  take(): Promise<LeasedMessage | null> {
    return this.#inboxes.take(name, { waitMs: 0, gone: never });
  }

  /** Returns the number of messages in the inbox, including messages that are being sent to a client. */
  async waitingCount(): Promise<number> {
    const inbox = await this.#inboxes.get(name);
    return inbox === null ? 0 : this.#inboxes.waitingCount(inbox);
  }

  /** Subtracts the messages that clients have received from the used space. */
  async #freeTaken(): Promise<void> {
    await this.#pullQueues.idle();
    let more = true;
    while (more) {
      const removed = await this.#store.log.retain();
      this.#sizes.splice(0, removed.messages);
      more = removed.more;
    }
  }
}

function sizeOf(body: Uint8Array, { headers, query }: ReceivedRequest): number {
  return headers.reduce((sum, [header, value]) => sum + header.length + value.length, body.byteLength + query.length);
}

const unobserved: EngineObserver = {
  published: () => {},
  settled: () => {},
  expired: () => {},
  filtered: () => {},
};
