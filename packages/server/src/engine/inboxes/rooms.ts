import { LastPoll } from "../../domain/last-poll.ts";
import type { SubscriptionId, TimeMs } from "../../domain/model.ts";
import type { Clock, Timers } from "../../domain/ports.ts";
import { UnreadBytes } from "../unread-bytes.ts";
import { engineLimits } from "../engine-limits.ts";
import type { InboxDetails } from "./inboxes.ts";
import { Waiters } from "./waiters.ts";

/** What this process knows of an inbox beside what the store keeps. */
export interface Room {
  readonly lastPoll: LastPoll;
  readonly waiters: Waiters;
  /** Messages that are on their way into the log. */
  arriving: number;
  /** Bytes of messages that are on their way to clients. */
  readonly unreadBytes: UnreadBytes;
  /** The last of the looks for a message, which are one after the other. */
  look: Promise<unknown>;
  /** Settled when what nobody has fetched in time is gone. */
  emptied: Promise<void>;
  subscriptionId: SubscriptionId | null;
}

/** One for each inbox that has been used since the start. */
export class Rooms {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #startedAtMs: TimeMs;
  readonly #byName = new Map<string, Room>();
  readonly #bySubscription = new Map<SubscriptionId, Room>();

  constructor(clock: Clock, timers: Timers) {
    this.#clock = clock;
    this.#timers = timers;
    this.#startedAtMs = clock.now();
  }

  of({ name, createdAtMs }: InboxDetails): Room {
    let room = this.#byName.get(name);
    if (room === undefined) {
      room = {
        lastPoll: new LastPoll(Math.max(this.#startedAtMs, createdAtMs)),
        waiters: new Waiters(this.#clock, this.#timers),
        arriving: 0,
        unreadBytes: new UnreadBytes(engineLimits.inboxUnreadBytesMax),
        look: Promise.resolve(),
        emptied: Promise.resolve(),
        subscriptionId: null,
      };
      this.#byName.set(name, room);
    }
    return room;
  }

  all(): Iterable<Room> {
    return this.#byName.values();
  }

  /** Its messages come through this subscription from now on. */
  attach(room: Room, id: SubscriptionId): void {
    if (room.subscriptionId === id) return;
    this.#detach(room);
    room.subscriptionId = id;
    this.#bySubscription.set(id, room);
  }

  attachedTo(id: SubscriptionId): Room | null {
    return this.#bySubscription.get(id) ?? null;
  }

  /** The inbox is gone. Whoever waits in it looks once more, and finds that out. */
  remove(name: string): void {
    const room = this.#byName.get(name);
    if (room === undefined) return;
    this.#byName.delete(name);
    this.#detach(room);
    room.waiters.wakeAll();
  }

  #detach({ subscriptionId }: Room): void {
    if (subscriptionId !== null) this.#bySubscription.delete(subscriptionId);
  }
}
