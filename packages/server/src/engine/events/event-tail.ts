import { messageId, parseMessageId, SEQ_MAX } from "../../domain/message-id.ts";
import { RingbackError } from "../../domain/errors.ts";
import type { AccountId, MessageId, Seq } from "../../domain/model.ts";
import { topicNumber } from "../../domain/topic-number.ts";
import { engineLimits } from "../engine-limits.ts";
import { AccountTail, type AccountTailOptions, type EventReader } from "./account-tail.ts";
import { eventsTopicOf } from "./events-topic.ts";

/** The position before all events. */
const beforeAllEvents = "0";

/** Where a reader starts. */
export interface EventStart {
  /** null: at the end of the log, which cannot be read now. */
  readonly position: Seq | null;
  readonly lastSeq: Seq | null;
  /** The id of the event before the start; null: it is not known. */
  readonly id: MessageId | typeof beforeAllEvents | null;
  /** Events after the requested position that the reader cannot get any more. */
  readonly missed: number;
}

/**
 * Follows the topics `ringback.events` of accounts that have readers. The log is read after each event of this process,
 * and at intervals because of the events of other nodes. So every node delivers the events of all nodes.
 */
export class EventTail {
  readonly #options: AccountTailOptions;
  readonly #accounts = new Map<AccountId, AccountTail>();

  constructor(options: AccountTailOptions) {
    this.#options = options;
  }

  /** The start of a reader that wants the events from now on. */
  async startNow(accountId: AccountId): Promise<EventStart> {
    try {
      const { topicId, lastSeq } = await this.#ends(accountId);
      return { position: lastSeq, lastSeq, id: idAt(topicId, lastSeq), missed: 0 };
    } catch (error) {
      // Live events must be visible also while the store cannot be used.
      this.#options.failed(error);
      return { position: null, lastSeq: null, id: null, missed: 0 };
    }
  }

  /** The start of a reader that has all events up to the one with this id. Throws `invalid_request`. */
  async startAfter(accountId: AccountId, field: string, id: string): Promise<EventStart> {
    const { topicId, firstSeq, lastSeq } = await this.#ends(accountId);
    const seq = id === beforeAllEvents ? firstSeq - 1 : seqIn(topicId, id);
    if (seq === null) throw RingbackError.at("invalid_request", field, "is not the id of an event of this account");
    const oldest = Math.max(firstSeq - 1, lastSeq - engineLimits.eventsReplayedMax);
    // The database may be an older copy, which does not have the event.
    const position = Math.min(Math.max(seq, oldest), lastSeq);
    return { position, lastSeq, id: idAt(topicId, position), missed: Math.max(0, oldest - seq) };
  }

  /** Delivers the events after the start. Returns the function that ends this. */
  follow(accountId: AccountId, start: EventStart, reader: EventReader): () => void {
    let tail = this.#accounts.get(accountId);
    if (tail === undefined) {
      tail = new AccountTail(this.#options, accountId, start.lastSeq);
      this.#accounts.set(accountId, tail);
    }
    const followed = tail;
    const end = followed.add(start.position, reader);
    return () => {
      end();
      if (followed.isIdle && this.#accounts.get(accountId) === followed) this.#accounts.delete(accountId);
    };
  }

  /** Delivers new events of the account soon. */
  wake(accountId: AccountId): void {
    this.#accounts.get(accountId)?.wake();
  }

  async #ends(accountId: AccountId) {
    const { store, limitsOf } = this.#options;
    const { id: topicId } = await eventsTopicOf(store.catalog, accountId, limitsOf(accountId));
    const { firstSeq, lastSeq } = await store.records.messagesAfter(topicId, SEQ_MAX, 1);
    return { topicId, firstSeq, lastSeq };
  }
}

function idAt(topicId: Parameters<typeof messageId>[0], seq: Seq): NonNullable<EventStart["id"]> {
  return seq === 0 ? beforeAllEvents : messageId(topicId, seq);
}

/** Returns null if this is not the id of a message of the topic. */
function seqIn(topicId: Parameters<typeof messageId>[0], id: string): Seq | null {
  const parsed = parseMessageId(id);
  return parsed !== null && parsed.number === topicNumber(topicId) ? parsed.seq : null;
}
