import type { LimitsOf } from "../../domain/account-limits.ts";
import { RingbackError } from "../../domain/errors.ts";
import { messageId, SEQ_MAX } from "../../domain/message-id.ts";
import type { AccountId, Message, MessageId, Seq, TopicId } from "../../domain/model.ts";
import { engineLimits } from "../engine-limits.ts";
import type { EngineServices } from "../services.ts";
import { eventsTopicOf } from "./events-topic.ts";

/** An event that is a message on `ringback.events`. */
export interface LoggedEvent {
  readonly id: MessageId;
  readonly type: string;
  /** The event as JSON. */
  readonly text: string;
}

export interface EventReader {
  readonly deliver: (event: LoggedEvent) => void;
  /** Resolves when the reader can take more past events. */
  readonly ready: () => Promise<void>;
  /** The reader gets no more events, because its past events cannot be read. It can try again. */
  readonly failed: () => void;
}

export interface AccountTailOptions extends Pick<EngineServices, "store" | "timers"> {
  readonly limitsOf: LimitsOf;
  readonly failed: (error: unknown) => void;
}

interface Following extends EventReader {
  /** The last event that the reader has; null: the end of the log, which is not known yet. */
  position: Seq | null;
  /** True: the reader has all events up to the position of the tail, which delivers the following ones. */
  isLive: boolean;
  isEnded: boolean;
}

/** Follows the topic `ringback.events` of one account, and delivers its messages to the readers in order. */
export class AccountTail {
  readonly #options: AccountTailOptions;
  readonly #accountId: AccountId;
  readonly #readers = new Set<Following>();
  #topicId: TopicId | null = null;
  /** The position up to which live readers have the events; null: the log could not be read yet. */
  #position: Seq | null;
  #isReading = false;
  #isWoken = false;
  #cancelTimer: (() => void) | null = null;

  constructor(options: AccountTailOptions, accountId: AccountId, position: Seq | null) {
    this.#options = options;
    this.#accountId = accountId;
    this.#position = position;
  }

  get isIdle(): boolean {
    return this.#readers.size === 0;
  }

  /** Returns the function that removes the reader. */
  add(position: Seq | null, reader: EventReader): () => void {
    const isLive = position === null || position >= (this.#position ?? 0);
    const following: Following = { ...reader, position, isLive, isEnded: false };
    this.#readers.add(following);
    if (!isLive) void this.#catchUp(following);
    this.#cancelTimer ??= this.#pollLater();
    // Events may have been published since the start of the reader was determined.
    this.wake();
    return () => {
      following.isEnded = true;
      this.#readers.delete(following);
      if (this.#readers.size > 0) return;
      this.#cancelTimer?.();
      this.#cancelTimer = null;
    };
  }

  /** Starts a read of the log. If a read is running, another read follows it. */
  wake(): void {
    this.#isWoken = true;
    if (this.#isReading) return;
    this.#isReading = true;
    void this.#readAll().finally(() => {
      this.#isReading = false;
    });
  }

  #pollLater(): () => void {
    return this.#options.timers.after(engineLimits.eventPollMs, () => {
      this.#cancelTimer = this.#pollLater();
      this.wake();
    });
  }

  async #readAll(): Promise<void> {
    try {
      while (this.#isWoken && !this.isIdle) {
        this.#isWoken = false;
        await this.#advance();
      }
    } catch (error) {
      this.#topicId = null;
      this.#report(error);
    }
  }

  async #advance(): Promise<void> {
    const { records } = this.#options.store;
    const topicId = await this.#topic();
    this.#position ??= await this.#firstPosition(topicId);
    for (;;) {
      const part = await records.messagesAfter(topicId, this.#position, engineLimits.eventsReadMax);
      for (const message of part.messages) this.#deliver(message);
      this.#position = part.messages.at(-1)?.seq ?? this.#position;
      if (part.messages.length === 0 || this.#position >= part.lastSeq) return;
    }
  }

  /**
   * Called if the log could not be read when the first reader came. Returns the smallest position of all live readers,
   * so that none of them misses an event.
   */
  async #firstPosition(topicId: TopicId): Promise<Seq> {
    const { lastSeq } = await this.#options.store.records.messagesAfter(topicId, SEQ_MAX, 1);
    const live = [...this.#readers].filter(({ isLive }) => isLive);
    for (const reader of live) reader.position ??= lastSeq;
    return Math.min(lastSeq, ...live.map(({ position }) => position ?? lastSeq));
  }

  #deliver(message: Message): void {
    const event = eventOf(message);
    for (const reader of this.#readers) {
      if (!reader.isLive || (reader.position !== null && message.seq <= reader.position)) continue;
      reader.position = message.seq;
      reader.deliver(event);
    }
  }

  /** Reads the past events of one reader. The last check and the change to live are one step, so there is no gap. */
  async #catchUp(reader: Following): Promise<void> {
    try {
      const topicId = await this.#topic();
      while (!reader.isEnded) {
        const after = reader.position ?? 0;
        const { messages } = await this.#options.store.records.messagesAfter(
          topicId,
          after,
          engineLimits.eventsReadMax,
        );
        for (const message of messages) {
          if (reader.isEnded) return;
          reader.position = message.seq;
          reader.deliver(eventOf(message));
        }
        reader.isLive = messages.length === 0 || (reader.position ?? 0) >= (this.#position ?? 0);
        if (reader.isLive) return;
        await reader.ready();
      }
    } catch (error) {
      this.#report(error);
      if (!reader.isEnded) reader.failed();
    }
  }

  async #topic(): Promise<TopicId> {
    const { store, limitsOf } = this.#options;
    const limits = limitsOf(this.#accountId);
    this.#topicId ??= (await eventsTopicOf(store.catalog, this.#accountId, limits)).id;
    return this.#topicId;
  }

  #report(error: unknown): void {
    const isGone = error instanceof RingbackError && ["account_not_found", "topic_not_found"].includes(error.code);
    if (!isGone) this.#options.failed(error);
  }
}

function eventOf({ topicId, seq, type, body }: Message): LoggedEvent {
  return { id: messageId(topicId, seq), type: type ?? "message", text: Buffer.from(body).toString() };
}
