import { RingbackError } from "../../domain/errors.ts";
import { Mutex } from "../../domain/mutex.ts";
import type { InboxSettings } from "../../domain/inbox-rules.ts";
import type { Entry, NewMessage } from "../../domain/model.ts";
import type { Clock, Timers } from "../../domain/ports.ts";
import type { Page, PageRequest } from "../../store/page.ts";
import type { Store } from "../../store/store.ts";
import type { EventBus } from "../event-bus.ts";
import type { Arrived, ArrivingMessage, InboxDetails, Inboxes, TakenMessage } from "./inboxes.ts";
import type { EngineObserver } from "../observer.ts";
import type { Publisher } from "../publisher.ts";
import { InboxLogs } from "./inbox-logs.ts";
import type { InboxPlace } from "./inbox-logs.ts";
import { Rooms } from "./rooms.ts";
import type { Room } from "./rooms.ts";
import { Taking } from "./taking.ts";

export interface AccountInboxesOptions {
  readonly store: Store;
  readonly publisher: Publisher;
  readonly events: EventBus;
  readonly observer: Pick<EngineObserver, "expired">;
  readonly clock: Clock;
  readonly timers: Timers;
  /** A failure that no caller can be told. */
  readonly failed: (error: unknown) => void;
}

/** The inboxes of the account. */
export class AccountInboxes implements Inboxes {
  readonly #options: AccountInboxesOptions;
  readonly #logs: InboxLogs;
  readonly #rooms: Rooms;
  readonly #taking: Taking;
  /** What makes and removes logs runs one after the other. */
  readonly #mutex = new Mutex();

  constructor(options: AccountInboxesOptions) {
    const { store, clock, timers } = options;
    this.#options = options;
    this.#logs = new InboxLogs(store, clock);
    this.#rooms = new Rooms(clock, timers);
    this.#taking = new Taking({
      ...options,
      rooms: this.#rooms,
      found: (name) => this.#found(name),
      place: (inbox, room) => this.#place(inbox, room),
    });
  }

  /** From here on whoever waits hears of messages that came by another way than `keep`, such as into the inbox's topic. */
  start(): void {
    this.#options.store.log.onReady((ids) => this.#taking.ready(ids));
  }

  /** Whoever waits is sent away with nothing, and nobody waits any more. */
  stopWaiting(): void {
    this.#taking.stopWaiting();
  }

  /** What has been handed out is written down. */
  async idle(): Promise<void> {
    await this.#taking.idle();
  }

  put(name: string, settings: InboxSettings): Promise<{ inbox: InboxDetails; created: boolean }> {
    return this.#mutex.run(async () => {
      const { store } = this.#options;
      const before = await this.get(name);
      if (before !== null && before.topic !== settings.topic) {
        const fault = before.topic === null ? "is not set" : `is "${before.topic}"`;
        throw RingbackError.at("immutable_field", "topic", `${fault} and cannot be changed`);
      }
      if (settings.topic !== null) await this.#logs.publishedTopic(settings.topic);
      // The entry first: what a crash leaves undone after it is made good when the inbox is used.
      const { entry, created } = await store.entries.put(this.#accountId, "inbox", name, settings);
      const inbox = detailsOf(entry);
      await this.#logs.make(inbox, created ? "now" : "recover");
      return { inbox, created };
    });
  }

  async get(name: string): Promise<InboxDetails | null> {
    const entry = await this.#options.store.entries.get(this.#accountId, "inbox", name);
    return entry === null ? null : detailsOf(entry);
  }

  async list(page: PageRequest): Promise<Page<InboxDetails>> {
    const { items, next } = await this.#options.store.entries.list(this.#accountId, "inbox", page);
    return { items: items.map(detailsOf), next };
  }

  async waitingCount(inbox: InboxDetails): Promise<number> {
    const place = await this.#logs.find(inbox);
    return place === null ? 0 : this.#count(place);
  }

  delete(name: string): Promise<boolean> {
    return this.#mutex.run(async () => {
      const inbox = await this.get(name);
      if (inbox === null) return false;
      await this.#logs.remove(inbox);
      await this.#options.store.entries.delete(this.#accountId, "inbox", name);
      this.#rooms.remove(name);
      return true;
    });
  }

  async keep(name: string, message: ArrivingMessage): Promise<Arrived> {
    const inbox = await this.#found(name);
    const bytes = message.body.length;
    if (bytes > inbox.bodyBytesMax) {
      const fault = `has ${bytes} bytes; the inbox "${name}" takes at most ${inbox.bodyBytesMax}`;
      throw RingbackError.at("body_too_large", "body", fault);
    }
    const room = this.#rooms.of(inbox);
    if (!this.#isPolled(inbox, room)) return this.#drop(inbox, message);
    // What was there before the last poll may be going yet, and must not take this message along.
    await room.emptied;
    const place = await this.#place(inbox, room);
    // With those that are arriving at this moment, or many at once would all find the last free place.
    if ((await this.#count(place)) + room.arriving >= inbox.messagesMax) {
      throw new RingbackError(
        "inbox_full",
        `The inbox "${name}" holds ${inbox.messagesMax} messages, as many as it may.`,
      );
    }
    room.arriving++;
    try {
      const { ids } = await this.#options.publisher.publish(place.topic, [newMessage(message)], null);
      return { kept: true, id: ids[0] ?? null };
    } finally {
      room.arriving--;
    }
  }

  take(name: string, { waitMs, gone }: { waitMs: number; gone: AbortSignal }): Promise<TakenMessage | null> {
    return this.#taking.take(name, waitMs, gone);
  }

  /** Nobody has fetched for too long: what had been kept goes, and so does this message, except from a topic. */
  async #drop(inbox: InboxDetails, message: ArrivingMessage): Promise<Arrived> {
    const topic = inbox.topic === null ? null : await this.#logs.publishedTopic(inbox.topic);
    const receipt = topic && (await this.#options.publisher.publish(topic, [newMessage(message)], null));
    await this.#mutex.run(() => this.#empty(inbox));
    return { kept: false, id: receipt?.ids[0] ?? null };
  }

  async #empty(inbox: InboxDetails): Promise<void> {
    const place = await this.#logs.find(inbox);
    const room = this.#rooms.of(inbox);
    if (place === null || this.#isPolled(inbox, room)) return;
    const emptied = this.#emptyNow(inbox, place);
    room.emptied = emptied.catch(() => {});
    await emptied;
  }

  async #emptyNow(inbox: InboxDetails, place: InboxPlace): Promise<void> {
    const { store, observer, events, clock } = this.#options;
    const { backlog, parked } = await store.records.unsettledCounts(place.subscription.id);
    await this.#logs.empty(place, inbox);
    const count = backlog + parked;
    if (count === 0) return;
    observer.expired(count);
    if (!events.listening) return;
    const { topic, name: subscription } = place.subscription;
    events.emit({ type: "delivery.expired", at: clock.now(), topic, subscription, count });
  }

  #isPolled({ whilePolledMs }: InboxDetails, { waiters, lastPoll }: Room): boolean {
    return waiters.size > 0 || lastPoll.keeps(whilePolledMs, this.#options.clock.now());
  }

  async #place(inbox: InboxDetails, room: Room): Promise<InboxPlace> {
    const place =
      (await this.#logs.find(inbox)) ??
      (await this.#mutex.run(async () => this.#logs.make(await this.#found(inbox.name), "recover")));
    this.#rooms.attach(room, place.subscription.id);
    return place;
  }

  async #count({ subscription }: InboxPlace): Promise<number> {
    const { backlog, parked, inFlight } = await this.#options.store.records.unsettledCounts(subscription.id);
    return backlog + parked + inFlight;
  }

  async #found(name: string): Promise<InboxDetails> {
    const inbox = await this.get(name);
    if (inbox !== null) return inbox;
    throw new RingbackError("inbox_not_found", `There is no inbox "${name}".`);
  }

  get #accountId() {
    return this.#options.store.catalog.defaultAccount().id;
  }
}

function detailsOf({ name, value, createdAtMs, updatedAtMs }: Entry): InboxDetails {
  return { ...(value as InboxSettings), name, createdAtMs, updatedAtMs };
}

function newMessage({ body, contentType }: ArrivingMessage): NewMessage {
  return { body, contentType, tags: [], type: null, orderingKey: null, attributes: {}, delayMs: 0 };
}
