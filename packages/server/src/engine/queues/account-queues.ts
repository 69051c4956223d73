import { assertRetention, type LimitsOf } from "../../domain/account-limits.ts";
import { mayPass, RingbackError } from "../../domain/errors.ts";
import { Mutex } from "../../domain/mutex.ts";
import { queueOfLog } from "../../domain/internal-names.ts";
import { foldCase } from "../../domain/names.ts";
import { WriteConflict } from "../../domain/write-condition.ts";
import type { AccountId, Entry, Message, MessageId, NewMessage, Subscription, TimeMs } from "../../domain/model.ts";
import { AccountEntries } from "../../store/account-entries.ts";
import type { Page, PageRequest } from "../../store/page.ts";
import type { PullCounts } from "../../store/records.ts";
import type { Publisher } from "../publisher.ts";
import type { PulledMessage, PullOptions, AcknowledgeResult } from "../pull/pulls.ts";
import type { AccountPulls } from "../pull/account-pulls.ts";
import type { QueueDetails, QueueMessage, QueueSettings } from "./queues.ts";
import type { DeadLetterTarget, Moved } from "../pull/dead-lettering.ts";
import { Arrivals } from "./arrivals.ts";
import type { InternalLog } from "../internal-logs.ts";
import { QueueLogs } from "./queue-logs.ts";
import type { EngineServices } from "../services.ts";

export interface AccountQueuesOptions extends Pick<EngineServices, "store" | "clock" | "failed"> {
  readonly accountId: AccountId;
  readonly limitsOf: LimitsOf;
  readonly publisher: Publisher;
  readonly pulls: AccountPulls;
}

/** A queue's entry in the store. The entry's name is the queue's name in lower case. */
interface StoredQueue extends QueueSettings {
  /** The name as it was given at the creation. */
  readonly name: string;
}

interface QueueWithLog extends InternalLog {
  readonly queue: StoredQueue;
}

/** The public members of `AccountQueues`. */
export type Queues = Pick<AccountQueues, keyof AccountQueues>;

/**
 * The account's queues. A queue is an entry, a log of its own and a pulled subscription to that log. Callers must pass
 * names of valid form. Names that differ only in case are the same name.
 */
export class AccountQueues {
  readonly #options: AccountQueuesOptions;
  readonly #entries: AccountEntries<StoredQueue>;
  readonly #logs: QueueLogs;
  readonly #arrivals = new Arrivals();
  /** Locked while a queue or its log is created, changed or deleted. */
  readonly #mutex = new Mutex();

  constructor(options: AccountQueuesOptions) {
    this.#options = options;
    this.#entries = new AccountEntries(options.store, options.accountId, "queue");
    this.#logs = new QueueLogs(options.store, options.accountId);
  }

  /** Throws `queue_exists`, `entry_limit`, and `queue_not_found` for a missing dead-letter queue. */
  create(name: string, settings: QueueSettings): Promise<QueueDetails> {
    return this.#mutex.run(async () => {
      if ((await this.#entry(name)) !== null) throw queueExists(name);
      await this.#assertFits(name, settings);
      const stored: StoredQueue = { ...settings, name };
      // The entry is written before the log, because only one node can create the entry. If the process crashes in
      // between, the first use of the queue creates the log.
      const { entry } = await this.#entries.put(foldCase(name), stored, "absent").catch((error: unknown) => {
        throw error instanceof WriteConflict ? queueExists(name) : error;
      });
      await this.#logs.removeOlderThan(name, entry.createdAtMs);
      const { subscription } = await this.#logs.ensure(name, settings);
      return detailsOf(entry, subscription);
    });
  }

  /** Throws `queue_not_found`. */
  change(name: string, change: Partial<QueueSettings>): Promise<QueueDetails> {
    return this.#mutex.run(async () => {
      const { value: stored } = await this.#existingEntry(name);
      const changed: StoredQueue = { ...stored, ...change, name: stored.name };
      await this.#assertFits(name, changed);
      const { entry } = await this.#entries.put(foldCase(name), changed);
      const { subscription } = await this.#logs.ensure(name, changed);
      return detailsOf(entry, subscription);
    });
  }

  async get(name: string): Promise<QueueDetails | null> {
    const entry = await this.#entry(name);
    return entry && this.#details(entry);
  }

  /** Sorted by name. */
  async list(page: PageRequest): Promise<Page<QueueDetails>> {
    const { items, next } = await this.#entries.list(page, (entry) => entry);
    const queues: QueueDetails[] = [];
    for (const entry of items) {
      // null: the queue was deleted in the meantime.
      const details = await this.#orNull(this.#details(entry));
      if (details !== null) queues.push(details);
    }
    return { items: queues, next };
  }

  /** Deletes the queue and its messages. Returns false if there is no such queue. */
  delete(name: string): Promise<boolean> {
    return this.#mutex.run(async () => {
      if ((await this.#entry(name)) === null) return false;
      const log = await this.#logs.find(name);
      await this.#logs.remove(name);
      if (log !== null) this.#arrivals.forget(log.subscription.id);
      return this.#entries.delete(foldCase(name));
    });
  }

  /**
   * Appends all messages or none. They are durable when the promise resolves. Throws `queue_not_found`, `queue_full`
   * and `body_too_large`.
   */
  async send(name: string, messages: readonly QueueMessage[]): Promise<readonly MessageId[]> {
    const lookup = await this.#queueWithLog(name);
    const { bodyBytesMax } = lookup.queue;
    messages.forEach(({ body }, index) => {
      const bytes = body.byteLength;
      if (bytes <= bodyBytesMax) return;
      const field = messages.length === 1 ? "body" : `messages[${index}].body`;
      const fault = `has ${bytes} bytes; the queue "${lookup.queue.name}" accepts at most ${bodyBytesMax}`;
      throw RingbackError.at("body_too_large", field, fault);
    });
    return this.#append(lookup, messages.map(newMessage), null);
  }

  /** `waitMs`: null for the queue's setting. */
  async receive(
    name: string,
    want: Omit<PullOptions, "waitMs"> & { readonly waitMs: number | null },
  ): Promise<readonly PulledMessage[]> {
    const { queue, subscription } = await this.#queueWithLog(name);
    const waitMs = want.waitMs ?? queue.waitMs;
    return this.#asQueue(name, () => this.#options.pulls.pull(subscription, { ...want, waitMs }));
  }

  async acknowledge(name: string, receiptHandles: readonly string[]): Promise<readonly AcknowledgeResult[]> {
    const { subscription } = await this.#queueWithLog(name);
    return this.#options.pulls.acknowledge(subscription, receiptHandles);
  }

  async counts(name: string): Promise<PullCounts> {
    const { queue, subscription } = await this.#queueWithLog(name);
    const fromMs = this.#options.clock.wall() - queue.rewindMs;
    return this.#asQueue(name, () => this.#options.store.records.pullCounts(subscription.id, fromMs));
  }

  /** Throws `invalid_request` when `atMs` is more than `rewindMs` in the past. */
  async rewind(name: string, atMs: TimeMs): Promise<void> {
    const { queue, subscription } = await this.#queueWithLog(name);
    if (atMs < this.#options.clock.wall() - queue.rewindMs) {
      const limit = `The queue "${queue.name}" can be rewound by at most ${queue.rewindMs} ms.`;
      throw new RingbackError("invalid_request", limit);
    }
    if (!(await this.#options.store.log.rewind(subscription.id, { atMs }))) throw noQueue(name);
  }

  /** Appends all messages or none. Throws `queue_full` when they would exceed the queue's limit. */
  async #append(
    { queue, topic, subscription }: QueueWithLog,
    messages: readonly NewMessage[],
    idempotencyKey: string | null,
  ): Promise<readonly MessageId[]> {
    const { store, publisher } = this.#options;
    return this.#asQueue(queue.name, async () => {
      const arriving = this.#arrivals.since(subscription.id);
      const { backlog, parked, inFlight } = await store.records.unsettledCounts(subscription.id);
      if (backlog + parked + inFlight + arriving() + messages.length > queue.messagesMax) throw queueFull(queue);
      const arrived = this.#arrivals.begin(subscription.id, messages.length);
      try {
        const idempotency = idempotencyKey === null ? null : { key: idempotencyKey, fingerprint: idempotencyKey };
        return (await publisher.publish(topic, messages, idempotency)).ids;
      } finally {
        arrived();
      }
    });
  }

  /** Returns null if the subscription is not that of a queue with a dead-letter queue. */
  async deadLetterTarget({ id, topic }: Subscription): Promise<DeadLetterTarget | null> {
    const name = queueOfLog(topic);
    const entry = name === null ? null : await this.#entry(name);
    const policy = entry?.value.deadLetters ?? null;
    if (policy === null) return null;
    return {
      ttlMs: policy.after === "time" ? policy.ttlMs : null,
      move: (message, firstReceivedAtMs) => {
        // The key includes the first delivery's time, because after a rewind the same message may become a dead letter
        // again.
        const key = `dead-letter ${id} ${message.seq} ${firstReceivedAtMs}`;
        return this.#move(policy.queue, message, key);
      },
    };
  }

  async #move(
    to: string,
    { body, contentType, tags, type, attributes, request, hops, trace }: Message,
    key: string,
  ): Promise<Moved> {
    try {
      const message = {
        body,
        contentType,
        tags,
        type,
        attributes,
        request,
        hops,
        trace,
        orderingKey: null,
        delayMs: 0,
      };
      await this.#append(await this.#queueWithLog(to), [message], key);
      return "moved";
    } catch (error) {
      if (error instanceof RingbackError) return mayPass(error.code) ? "later" : "refused";
      this.#options.failed(error);
      return "later";
    }
  }

  async #assertFits(name: string, { retentionMs, rewindMs, deadLetters }: QueueSettings): Promise<void> {
    const { limitsOf, accountId } = this.#options;
    assertRetention(Math.max(retentionMs, rewindMs), limitsOf(accountId));
    if (rewindMs > retentionMs) {
      throw new RingbackError("invalid_request", "A queue cannot be rewound further than its messages are kept.");
    }
    if (deadLetters === null) return;
    if (foldCase(deadLetters.queue) === foldCase(name)) {
      throw new RingbackError("invalid_request", "A queue cannot be its own dead-letter queue.");
    }
    if ((await this.#entry(deadLetters.queue)) === null) throw noQueue(deadLetters.queue);
  }

  async #details(entry: Entry<StoredQueue>): Promise<QueueDetails> {
    const { subscription } = await this.#log(entry.value);
    return detailsOf(entry, subscription);
  }

  async #queueWithLog(name: string): Promise<QueueWithLog> {
    const { value: queue } = await this.#existingEntry(name);
    return { queue, ...(await this.#log(queue)) };
  }

  /**
   * Returns the log of the queue. Creates a missing log, because a crash or another node can have left a queue without
   * one.
   */
  async #log({ name }: StoredQueue): Promise<InternalLog> {
    const log = await this.#logs.find(name);
    if (log !== null) return log;
    return this.#mutex.run(async () => this.#logs.ensure(name, (await this.#existingEntry(name)).value));
  }

  #entry(name: string): Promise<Entry<StoredQueue> | null> {
    return this.#entries.get(foldCase(name));
  }

  async #existingEntry(name: string): Promise<Entry<StoredQueue>> {
    const entry = await this.#entry(name);
    if (entry === null) throw noQueue(name);
    return entry;
  }

  /** Turns errors about a missing log into `queue_not_found`, because deleting a queue removes its log first. */
  async #asQueue<T>(name: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof RingbackError) || !logIsGone.has(error.code)) throw error;
      throw noQueue(name, error);
    }
  }

  async #orNull<T>(work: Promise<T>): Promise<T | null> {
    try {
      return await work;
    } catch (error) {
      if (error instanceof RingbackError && error.code === "queue_not_found") return null;
      throw error;
    }
  }
}

const logIsGone: ReadonlySet<string> = new Set(["topic_not_found", "subscription_not_found"]);

function detailsOf({ value, createdAtMs, updatedAtMs }: Entry<StoredQueue>, { id }: Subscription): QueueDetails {
  return { ...value, id, createdAtMs, updatedAtMs };
}

function newMessage(message: QueueMessage): NewMessage {
  return { ...message, contentType: null, tags: [], type: null, orderingKey: null, attributes: {} };
}

function queueExists(name: string): RingbackError {
  return new RingbackError("queue_exists", `The queue "${name}" exists already.`);
}

function noQueue(name: string, cause?: unknown): RingbackError {
  return new RingbackError("queue_not_found", `There is no queue "${name}".`, { cause });
}

function queueFull({ name, messagesMax }: StoredQueue): RingbackError {
  return new RingbackError("queue_full", `The queue "${name}" may have at most ${messagesMax} messages.`);
}
