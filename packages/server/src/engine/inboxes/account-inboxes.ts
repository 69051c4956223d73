import { assertRetention, type LimitsOf } from "../../domain/account-limits.ts";
import { toSteady } from "../../domain/clock-rules.ts";
import { RingbackError } from "../../domain/errors.ts";
import { Mutex } from "../../domain/mutex.ts";
import { assertTopicStays, type InboxSettings } from "../../domain/inbox-rules.ts";
import type { AccountId, Entry, NewMessage } from "../../domain/model.ts";
import { assertCondition, untilWritten, type WriteCondition } from "../../domain/write-condition.ts";
import { AccountEntries } from "../../store/account-entries.ts";
import { everyPage } from "../../store/every-page.ts";
import type { Label } from "../../store/label.ts";
import type { Page, PageRequest } from "../../store/page.ts";
import type { Publisher } from "../publisher.ts";
import type { LeasedMessage } from "../pull/leased-delivery.ts";
import { type Resealed, resealPage } from "../keys/reseal.ts";
import type { PullQueues } from "../pull/pull-queues.ts";
import type { WaitOptions } from "../pull/pulls.ts";
import { InboxActivity } from "./inbox-activity.ts";
import type { InternalLog } from "../internal-logs.ts";
import { InboxLogs } from "./inbox-logs.ts";
import type { InboxVerifier } from "./inbox-verifier.ts";
import { hasToken, type ReceivePath, ReceivePaths } from "./receive-paths.ts";
import type { SentRequest } from "./sender-proofs.ts";
import type { Arrived, ArrivingMessage, InboxDetails } from "./inboxes.ts";
import type { EngineServices } from "../services.ts";

export interface AccountInboxesOptions extends Pick<EngineServices, "store" | "events" | "observer" | "clock"> {
  readonly accountId: AccountId;
  readonly limitsOf: LimitsOf;
  readonly publisher: Publisher;
  readonly pullQueues: PullQueues;
  readonly verifier: InboxVerifier;
  /** Cryptographically secure random bytes. */
  readonly randomBytes: (count: number) => Uint8Array;
}

/** An inbox's entry in the store. */
interface StoredInbox extends InboxSettings {
  readonly path: ReceivePath;
}

/** The public members of `AccountInboxes`. */
export type Inboxes = Omit<AccountInboxes, "unusable" | "reseal">;

/**
 * The account's inboxes: buffers from which clients fetch messages. Each is a log and a subscription that is not
 * pushed. Callers must pass names of valid form.
 */
export class AccountInboxes {
  readonly #options: AccountInboxesOptions;
  readonly #entries: AccountEntries<StoredInbox>;
  readonly #paths: ReceivePaths;
  readonly #logs: InboxLogs;
  readonly #startedAtMs: number;
  /** Activity of the inboxes that have been used since the start, by name. */
  readonly #activities = new Map<string, InboxActivity>();
  /** Logs are created and removed one after the other. */
  readonly #mutex = new Mutex();

  constructor(options: AccountInboxesOptions) {
    this.#options = options;
    this.#entries = new AccountEntries(options.store, options.accountId, "inbox");
    this.#paths = new ReceivePaths(options);
    this.#logs = new InboxLogs(options.store, options.accountId, options.clock, options.limitsOf);
    this.#startedAtMs = options.clock.now();
  }

  /**
   * Creates or replaces. Throws `immutable_field`, `topic_not_found`, `invalid_request`, `master_key_missing`,
   * `key_unavailable`, `entry_limit` and `precondition_failed`.
   */
  put(
    name: string,
    settings: InboxSettings,
    condition?: WriteCondition,
  ): Promise<{ inbox: InboxDetails; created: boolean }> {
    const write = async () => {
      const before = await this.get(name);
      if (before !== null) assertTopicStays(before.topic, settings.topic);
      const { limitsOf, accountId } = this.#options;
      if (settings.retentionMs !== null) assertRetention(settings.retentionMs, limitsOf(accountId));
      if (settings.topic !== null) await this.#logs.publishedTopic(settings.topic);
      const { verifier } = this.#options;
      const verify = settings.verify && (await verifier.seal(name, settings.verify, before?.verify ?? null));
      const path = before?.path ?? { token: this.#paths.newToken(), previous: null };
      // The condition makes sure that no other node changes the path in between.
      const written = await this.#write(name, { ...settings, verify, path }, condition ?? before ?? "absent");
      await this.#logs.make(written.inbox, written.created ? "now" : "recover");
      return written;
    };
    return this.#mutex.run(() => (condition === undefined ? untilWritten(write) : write()));
  }

  /**
   * Gives the inbox another path. Its present path stays valid for `overlapMs`; a path that was replaced earlier
   * does not. Returns null if there is no such inbox. Throws `entry_limit` and `precondition_failed`.
   */
  rotatePath(name: string, overlapMs: number, condition?: WriteCondition): Promise<InboxDetails | null> {
    const write = async () => {
      const before = await this.#entries.get(name);
      if (before === null) return null;
      const { path: replaced = null, ...settings } = before.value as Omit<StoredInbox, "path"> & Partial<StoredInbox>;
      const isKept = overlapMs > 0 && replaced !== null;
      const previous = isKept ? { token: replaced.token, untilMs: this.#options.clock.now() + overlapMs } : null;
      const path = { token: this.#paths.newToken(), previous };
      const { inbox } = await this.#write(name, { ...settings, path }, condition ?? before);
      if (!isKept) await this.#paths.remove(replaced?.token);
      await this.#paths.remove(replaced?.previous?.token);
      return inbox;
    };
    return this.#mutex.run(() => (condition === undefined ? untilWritten(write) : write()));
  }

  /** Returns the inbox with this token in its path, or null. */
  async findByToken(token: string): Promise<InboxDetails | null> {
    const name = await this.#paths.find(token);
    const inbox = name === null ? null : await this.get(name);
    if (inbox === null || inbox.path === null) return null;
    return hasToken(inbox.path, token, this.#options.clock.now()) ? inbox : null;
  }

  async get(name: string): Promise<InboxDetails | null> {
    const entry = await this.#entries.get(name);
    return entry && detailsOf(entry);
  }

  /** Sorted by name. If `label` is given, only inboxes with this label are returned. */
  list(page: PageRequest, label?: Label): Promise<Page<InboxDetails>> {
    return this.#entries.list(page, detailsOf, label);
  }

  /** Seals the secrets of one page of inboxes with the first master key. */
  reseal(page: PageRequest): Promise<Resealed> {
    return resealPage(this.#entries, page, async (value, name) => {
      const { verify = null } = value as Partial<StoredInbox>;
      const resealed = verify && (await this.#options.verifier.reseal(name, verify));
      return resealed === verify ? value : { ...value, verify: resealed };
    });
  }

  /** Names of the inboxes that cannot verify requests, because no configured master key opens their secrets. */
  async unusable(): Promise<readonly string[]> {
    const names: string[] = [];
    for await (const inboxes of everyPage((page) => this.list(page))) {
      const unusable = inboxes.filter(({ verify }) => verify !== null && !this.#options.verifier.opens(verify));
      names.push(...unusable.map(({ name }) => name));
    }
    return names;
  }

  /** Returns the number of messages in the inbox, including messages that are being sent to a client. */
  async waitingCount(inbox: InboxDetails): Promise<number> {
    const log = await this.#logs.find(inbox);
    return log === null ? 0 : this.#count(log);
  }

  /**
   * Deletes the inbox and its own log, but not a topic that it reads. Returns false if there is no such inbox. Throws
   * `precondition_failed`.
   */
  delete(name: string, condition?: WriteCondition): Promise<boolean> {
    return this.#mutex.run(async () => {
      const inbox = await this.get(name);
      if (inbox === null) return false;
      assertCondition(condition, inbox);
      await this.#logs.remove(inbox);
      await this.#entries.delete(name);
      await this.#paths.remove(inbox.path?.token);
      await this.#paths.remove(inbox.path?.previous?.token);
      this.#activities.delete(name);
      return true;
    });
  }

  /**
   * Verifies a request if the inbox verifies requests. Throws `signature_invalid` and `key_unavailable`.
   */
  async verify({ name, verify }: InboxDetails, request: SentRequest): Promise<void> {
    if (verify !== null) await this.#options.verifier.verify(name, verify, request);
  }

  /**
   * Puts a message into the inbox. The message is durable when the promise resolves. Throws `inbox_not_found`,
   * `inbox_full`, `body_too_large`, `topic_not_found`.
   */
  async keep(name: string, message: ArrivingMessage): Promise<Arrived> {
    const inbox = await this.#getOrThrow(name);
    const bytes = message.body.length;
    if (bytes > inbox.bodyBytesMax) {
      const fault = `has ${bytes} bytes; the inbox "${name}" takes at most ${inbox.bodyBytesMax}`;
      throw RingbackError.at("body_too_large", "body", fault);
    }
    const activity = this.#activityOf(inbox);
    if (!this.#isPolled(inbox)) return this.#drop(inbox, message);
    // Older messages of the inbox may be in the process of removal, and the new message must not be removed with them.
    await activity.emptied;
    const log = await this.#log(inbox);
    // Messages that are being published are counted too. Otherwise many concurrent messages could all use the last free
    // position.
    if ((await this.#count(log)) + activity.arriving >= inbox.messagesMax) {
      throw new RingbackError(
        "inbox_full",
        `The inbox "${name}" holds ${inbox.messagesMax} messages, as many as it may.`,
      );
    }
    activity.arriving++;
    try {
      const { ids } = await this.#options.publisher.publish(log.topic, [newMessage(message)], null);
      return { kept: true, id: ids[0] ?? null };
    } finally {
      activity.arriving--;
    }
  }

  /**
   * Leases the oldest message to the caller, until the caller calls `done` of the message. null: no message came within
   * `waitMs`, or the client disconnected (`gone`). Throws `inbox_not_found`, `topic_not_found` and `too_many_waiters`.
   */
  async take(name: string, { waitMs, gone }: WaitOptions): Promise<LeasedMessage | null> {
    const deadlineMs = this.#options.clock.now() + waitMs;
    for (;;) {
      const inbox = await this.#getOrThrow(name);
      try {
        return await this.#poll(inbox, deadlineMs, gone);
      } catch (error) {
        if (!(error instanceof RingbackError) || error.code !== "subscription_not_found") throw error;
        // The inbox was emptied or deleted, or its topic was deleted. The next round of the loop finds out.
      }
    }
  }

  async #poll(inbox: InboxDetails, deadlineMs: number, gone: AbortSignal): Promise<LeasedMessage | null> {
    const { clock, pullQueues } = this.#options;
    const activity = this.#activityOf(inbox);
    activity.pollBegins(clock.now());
    try {
      const { subscription } = await this.#log(inbox);
      const waitMs = Math.max(0, deadlineMs - clock.now());
      const message = await pullQueues.lease(subscription, { waitMs, gone });
      if (message === null || !gone.aborted) return message;
      message.done(false);
      return null;
    } finally {
      activity.pollEnds(clock.now());
    }
  }

  /**
   * Called when the time since a client last polled is too long. Empties the inbox. The new message is dropped too, but
   * is still published if the inbox has a topic.
   */
  async #drop(inbox: InboxDetails, message: ArrivingMessage): Promise<Arrived> {
    const topic = inbox.topic === null ? null : await this.#logs.publishedTopic(inbox.topic);
    const result = topic && (await this.#options.publisher.publish(topic, [newMessage(message)], null));
    await this.#mutex.run(() => this.#empty(inbox));
    return { kept: false, id: result?.ids[0] ?? null };
  }

  async #empty(inbox: InboxDetails): Promise<void> {
    const log = await this.#logs.find(inbox);
    if (log === null || this.#isPolled(inbox)) return;
    const emptied = this.#emptyNow(inbox, log);
    this.#activityOf(inbox).emptied = emptied.catch(() => {});
    await emptied;
  }

  async #emptyNow(inbox: InboxDetails, log: InternalLog): Promise<void> {
    const { accountId, store, observer, events, clock } = this.#options;
    const { backlog, parked } = await store.records.unsettledCounts(log.subscription.id);
    await this.#logs.empty(log, inbox);
    const count = backlog + parked;
    if (count === 0) return;
    observer.expired(count);
    const { topic, name: subscription } = log.subscription;
    events.emit({ type: "delivery.expired", accountId, at: clock.wall(), topic, subscription, count });
  }

  /**
   * Writes the entry of the token before the inbox's own entry, so that the path of every inbox works. A process that
   * crashes in between leaves an entry that opens nothing. The entry of the inbox is written before its log. If the
   * process crashes in between, the next use of the inbox creates the log.
   */
  async #write(
    name: string,
    stored: StoredInbox,
    condition: WriteCondition,
  ): Promise<{ inbox: InboxDetails; created: boolean }> {
    const { token } = stored.path;
    await this.#paths.add(token, name);
    try {
      const { entry, created } = await this.#entries.put(name, stored, condition);
      return { inbox: detailsOf(entry), created };
    } catch (error) {
      if ((await this.get(name))?.path?.token !== token) await this.#paths.remove(token);
      throw error;
    }
  }

  #isPolled(inbox: InboxDetails): boolean {
    return this.#activityOf(inbox).isPolled(inbox, this.#options.clock.now());
  }

  #activityOf({ name, createdAtMs }: InboxDetails): InboxActivity {
    let activity = this.#activities.get(name);
    if (activity === undefined) {
      const { clock } = this.#options;
      // The machine's clock may have been ahead at the creation.
      const createdMs = Math.min(toSteady(clock, createdAtMs), clock.now());
      activity = new InboxActivity(Math.max(this.#startedAtMs, createdMs));
      this.#activities.set(name, activity);
    }
    return activity;
  }

  async #log(inbox: InboxDetails): Promise<InternalLog> {
    return (
      (await this.#logs.find(inbox)) ??
      this.#mutex.run(async () => this.#logs.make(await this.#getOrThrow(inbox.name), "recover"))
    );
  }

  async #count({ subscription }: InternalLog): Promise<number> {
    const { backlog, parked, inFlight } = await this.#options.store.records.unsettledCounts(subscription.id);
    return backlog + parked + inFlight;
  }

  async #getOrThrow(name: string): Promise<InboxDetails> {
    const inbox = await this.get(name);
    if (inbox !== null) return inbox;
    throw new RingbackError("inbox_not_found", `There is no inbox "${name}".`);
  }
}

function detailsOf({ name, value, id, version, createdAtMs, updatedAtMs }: Entry<StoredInbox>): InboxDetails {
  // Inboxes that were stored before these two members existed do not have them.
  const { verify = null, path = null } = value as Partial<StoredInbox>;
  return { ...value, verify, path, name, id, version, createdAtMs, updatedAtMs };
}

function newMessage(arriving: ArrivingMessage): NewMessage {
  return { ...arriving, tags: [], type: null, orderingKey: null, attributes: {}, delayMs: 0 };
}
