import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import { messageId } from "../../domain/message-id.ts";
import type { Attempt, SubscriptionId } from "../../domain/model.ts";
import type { Clock, Timers } from "../../domain/ports.ts";
import type { Claim, ClaimedDelivery } from "../../store/log.ts";
import type { Store } from "../../store/store.ts";
import { UnreadBytes } from "../unread-bytes.ts";
import { engineLimits } from "../engine-limits.ts";
import type { InboxDetails, TakenMessage } from "./inboxes.ts";
import { Settler } from "../push/settler.ts";
import type { InboxPlace } from "./inbox-logs.ts";
import type { Room, Rooms } from "./rooms.ts";

export interface TakingOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly rooms: Rooms;
  /** The inbox as it is now. Throws `inbox_not_found`. */
  readonly found: (name: string) => Promise<InboxDetails>;
  /** Where its messages are. Throws `topic_not_found`. */
  readonly place: (inbox: InboxDetails, room: Room) => Promise<InboxPlace>;
  readonly failed: (error: unknown) => void;
}

/** Hands messages out, one to each who asks, and writes down what became of them. */
export class Taking {
  readonly #options: TakingOptions;
  readonly #settler: Settler;
  /** Those who ask at this moment, and of them those who wait; over all rooms. */
  #asking = 0;
  #waiting = 0;
  readonly #unreadBytes = new UnreadBytes(engineLimits.inboxUnreadBytesTotalMax);
  #stopped = false;

  constructor(options: TakingOptions) {
    this.#options = options;
    this.#settler = new Settler(options.store, options.timers, options.failed);
  }

  /** The store has hinted at these. */
  ready(ids: readonly SubscriptionId[]): void {
    // Not only for those who wait: somebody may be between its look and its waiting.
    if (this.#asking === 0) return;
    for (const id of ids) this.#options.rooms.attachedTo(id)?.waiters.wakeOne();
  }

  stopWaiting(): void {
    this.#stopped = true;
    for (const { waiters } of this.#options.rooms.all()) waiters.sendAllAway();
  }

  /** What has been handed out is written down. */
  async idle(): Promise<void> {
    await this.#settler.idle();
  }

  async take(name: string, waitMs: number, gone: AbortSignal): Promise<TakenMessage | null> {
    this.#asking++;
    try {
      return await this.#take(name, waitMs, gone);
    } finally {
      this.#asking--;
    }
  }

  async #take(name: string, waitMs: number, gone: AbortSignal): Promise<TakenMessage | null> {
    const { clock, rooms, found } = this.#options;
    const deadlineMs = clock.now() + waitMs;
    for (;;) {
      const inbox = await found(name);
      const room = rooms.of(inbox);
      const { waiters, lastPoll } = room;
      lastPoll.note(clock.now());
      const wakesBefore = waiters.wakes;
      const taken = await this.#look(inbox, room);
      if (taken !== null && gone.aborted) taken.done(false);
      if (gone.aborted) return null;
      if (taken !== null) return taken;
      const leftMs = deadlineMs - clock.now();
      if (leftMs <= 0 || this.#stopped) return null;
      if (waiters.wakes > wakesBefore) continue;
      const woken = await this.#wait(room, leftMs, gone);
      lastPoll.note(clock.now());
      if (!woken) return null;
      if (gone.aborted) {
        // It was woken and left in the same moment: the message is for the next in line.
        waiters.wakeOne();
        return null;
      }
    }
  }

  async #wait(room: Room, waitMs: number, gone: AbortSignal): Promise<boolean> {
    if (room.waiters.size >= limits.inboxWaitersMax || this.#waiting >= limits.inboxWaitersTotalMax) {
      throw new RingbackError("too_many_waiters");
    }
    this.#waiting++;
    try {
      return await room.waiters.wait(waitMs, gone);
    } finally {
      this.#waiting--;
    }
  }

  /** In turn: a client that sends a thousand requests ahead must not pass the bound with all of them at once. */
  #look(inbox: InboxDetails, room: Room): Promise<TakenMessage | null> {
    const look = room.look.then(() => this.#lookNow(inbox, room));
    room.look = look.catch(() => {});
    return look;
  }

  async #lookNow(inbox: InboxDetails, room: Room): Promise<TakenMessage | null> {
    const { store, place } = this.#options;
    const { subscription } = await place(inbox, room);
    if (this.#unreadBytes.isFull || room.unreadBytes.isFull) {
      throw new RingbackError("overloaded", "Too many messages are on their way to clients that read slowly.");
    }
    const want = { subscriptionId: subscription.id, deliveriesMax: 1, bytesMax: 1, fromLog: true };
    const [claim] = await store.log.claim([want], engineLimits.inboxLeaseMs);
    if (claim === undefined) return null;
    room.waiters.dueAtMs = claim.nextDueAtMs;
    const [delivery] = claim.deliveries;
    if (delivery === undefined) return null;
    // One at a time, so that a message does not call all that wait for it.
    if (claim.more) room.waiters.wakeOne();
    return this.#handOut(claim, delivery, room);
  }

  #handOut(claim: Claim, delivery: ClaimedDelivery, room: Room): TakenMessage {
    const { message } = delivery;
    const startedAtMs = this.#options.clock.now();
    let isOut = true;
    this.#unreadBytes.add(message.body.byteLength);
    room.unreadBytes.add(message.body.byteLength);
    const done = (delivered: boolean): void => {
      if (!isOut) return;
      isOut = false;
      this.#cameBack(message.body.byteLength, room);
      // A lease ends with the process that holds it.
      if (this.#stopped && !delivered) return;
      const about = { claimId: claim.id, subscriptionId: claim.subscriptionId, delivery };
      if (delivered) {
        const attempt = this.#attempt(delivery, startedAtMs);
        this.#settler.add({ ...about, attempt, settled: { kind: "delivered" } }, null);
      } else {
        const over = (): void => room.waiters.wakeOne();
        this.#settler.add({ ...about, attempt: null, settled: { kind: "released" } }, over);
      }
    };
    return { id: messageId(message.topicId, message.seq), message, done };
  }

  #cameBack(bytes: number, room: Room): void {
    const [allHaveRoom, roomHasRoom] = [this.#unreadBytes.remove(bytes), room.unreadBytes.remove(bytes)];
    // Somebody may have been woken in vain meanwhile.
    if (allHaveRoom) for (const { waiters } of this.#options.rooms.all()) waiters.wakeOne();
    else if (roomHasRoom) room.waiters.wakeOne();
  }

  /** Recorded as a POST would be: without it nothing would tell this message from one that was skipped. */
  #attempt({ attemptsMade }: ClaimedDelivery, startedAtMs: number): Attempt {
    return {
      attempt: attemptsMade + 1,
      startedAtMs,
      durationMs: Math.max(0, this.#options.clock.now() - startedAtMs),
      verdict: "accepted",
      status: null,
      errorCode: null,
      reply: null,
    };
  }
}
