import { RingbackError } from "../domain/errors.ts";
import type { InboxSettings } from "../domain/inbox-rules.ts";
import { limits } from "../domain/limits.ts";
import { Mutex } from "../domain/mutex.ts";
import type { Clock, Timers } from "../domain/ports.ts";
import { createEventBus } from "../engine/event-bus.ts";
import { AccountInboxes } from "../engine/inboxes/account-inboxes.ts";
import type { EngineObserver } from "../engine/observer.ts";
import { createPublisher } from "../engine/publisher.ts";
import type { LeasedMessage } from "../engine/pull/leased-delivery.ts";
import { PullQueues } from "../engine/pull/pull-queues.ts";
import { MemoryStore } from "../store/memory/memory-store.ts";

export interface MemoryInboxOptions {
  /** null: messages are kept until they are taken. */
  readonly whilePolledMs: number | null;
  readonly messagesMax: number;
  /** All messages in memory. */
  readonly bytesMax: number;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Reports an error that no caller can be told. */
  readonly failed: (error: unknown) => void;
}

/** `dropped`: nobody polls. `full`: as many messages or bytes are in the inbox as it may hold. */
export type KeepOutcome = "kept" | "dropped" | "full";

/** What a message costs beside its body, in the log and in the record of its delivery. */
const messageOverheadBytes = 512;

/** One inbox of the server's own, on a store in memory. */
export class MemoryInbox {
  readonly #options: MemoryInboxOptions;
  readonly #settings: InboxSettings;
  readonly #inboxes: AccountInboxes;
  readonly #pullQueues: PullQueues;
  readonly #mutex = new Mutex();
  /** Its number is in the inbox's name. */
  #generation = 1;
  /** Messages that may be taken, or are on their way to a client. */
  #unsettledBytes = 0;
  /** Messages that were taken or dropped, and are in the log still. */
  #settledBytes = 0;
  #onTheirWay = new Set<LeasedMessage>();

  private constructor(options: MemoryInboxOptions) {
    this.#options = options;
    const { whilePolledMs, messagesMax, clock, timers, failed } = options;
    const { bodyBytesMax, retentionMsMax: retentionMs } = limits;
    this.#settings = { topic: null, accept: "json", whilePolledMs, messagesMax, bodyBytesMax, retentionMs };
    const shared = { store: new MemoryStore({ clock }), events: createEventBus(failed), observer: unobserved, clock };
    this.#pullQueues = new PullQueues({ ...shared, timers, failed });
    const publisher = createPublisher(shared);
    this.#inboxes = new AccountInboxes({ ...shared, publisher, pullQueues: this.#pullQueues });
  }

  static async open(options: MemoryInboxOptions): Promise<MemoryInbox> {
    const inbox = new MemoryInbox(options);
    inbox.#pullQueues.start();
    await inbox.#inboxes.put(inbox.#name, inbox.#settings);
    return inbox;
  }

  keep(body: Uint8Array): Promise<KeepOutcome> {
    return this.#mutex.run(async () => {
      const bytes = bytesOf(body);
      if (this.#unsettledBytes + this.#settledBytes + bytes > this.#options.bytesMax) return "full";
      // A message that a client has got no longer takes up space, even in the same moment.
      await this.#pullQueues.idle();
      try {
        const { kept } = await this.#inboxes.keep(this.#name, { body, contentType: null });
        if (kept) this.#unsettledBytes += bytes;
        else this.#emptied();
        return kept ? "kept" : "dropped";
      } catch (error) {
        if (error instanceof RingbackError && error.code === "inbox_full") return "full";
        throw error;
      }
    });
  }

  /** The oldest message; null when there is none. */
  take(): Promise<LeasedMessage | null> {
    return this.#mutex.run(async () => {
      if (this.#settledBytes > this.#options.bytesMax / 4 && this.#onTheirWay.size === 0) await this.#renew();
      const message = await this.#inboxes.take(this.#name, { waitMs: 0, gone: never });
      return message && this.#counted(message);
    });
  }

  /** Messages that may be taken, or are on their way to a client. */
  async waitingCount(): Promise<number> {
    const inbox = await this.#inboxes.get(this.#name);
    return inbox === null ? 0 : this.#inboxes.waitingCount(inbox);
  }

  #counted(message: LeasedMessage): LeasedMessage {
    this.#onTheirWay.add(message);
    const done = (delivered: boolean): void => {
      message.done(delivered);
      // Otherwise it was dropped meanwhile, together with all others.
      if (this.#onTheirWay.delete(message) && delivered) this.#settle(bytesOf(message.message.body));
    };
    return { ...message, done };
  }

  #emptied(): void {
    this.#onTheirWay.clear();
    this.#settle(this.#unsettledBytes);
  }

  #settle(bytes: number): void {
    this.#unsettledBytes -= bytes;
    this.#settledBytes += bytes;
  }

  /** Frees the memory of taken messages: a log keeps them, so the other messages move to a new log. */
  async #renew(): Promise<void> {
    const before = this.#name;
    this.#generation++;
    // What moves must not be dropped, however long the move takes.
    await this.#inboxes.put(this.#name, { ...this.#settings, whilePolledMs: null });
    for (;;) {
      const next = await this.#inboxes.take(before, { waitMs: 0, gone: never });
      if (next === null) break;
      await this.#inboxes.keep(this.#name, next.message);
      next.done(true);
    }
    await this.#inboxes.put(this.#name, this.#settings);
    await this.#inboxes.delete(before);
    this.#settledBytes = 0;
  }

  get #name(): string {
    return `inbox-${this.#generation}`;
  }
}

function bytesOf(body: Uint8Array): number {
  return body.byteLength + messageOverheadBytes;
}

const never = new AbortController().signal;

const unobserved: EngineObserver = {
  published: () => {},
  attempted: () => {},
  delivered: () => {},
  dead: () => {},
  expired: () => {},
};
