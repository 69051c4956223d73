import { compileFilter } from "../../domain/filter.ts";
import { limits } from "../../domain/limits.ts";
import type {
  Attempt,
  Message,
  Order,
  Seq,
  Subscription,
  SubscriptionId,
  SubscriptionSettings,
  SubscriptionState,
  TimeMs,
} from "../../domain/model.ts";
import { toDisablement, toHealth } from "../catalog-rows.ts";
import type { Cursor } from "../cursor.ts";
import { hasLabel, labelText, type Label } from "../label.ts";
import type { ClaimedDelivery, ClaimId } from "../log.ts";
import { SimilarTexts, type ShortText, wholeText } from "./similar-texts.ts";
import type { TopicLog } from "./topic-log.ts";

export interface ClaimState {
  readonly id: ClaimId;
  readonly entry: SubscriptionEntry;
  leaseUntilMs: TimeMs;
  /** Number of deliveries of the claim that are not settled. */
  open: number;
}

export interface OpenDelivery extends ClaimedDelivery {
  readonly claim: ClaimState;
  /** True: the delivery has a row in the table `parked`. False: only the cursor records it. */
  parked: boolean;
  /**
   * True: the delivery is settled, but its row has not been written yet. A claim that reads the old row must skip it.
   */
  settling: boolean;
  /** The ordering key that its row in `parked` blocks; null: none. */
  orderingKey: string | null;
  readonly deadLetterId: number | null;
  /** The attempt that has ended the delivery; null while the delivery is open. */
  attempt: Attempt | null;
}

/** A subscription as the database stores it, with its settings as text. */
export interface SubscriptionRow extends Omit<
  Subscription,
  "accountId" | "topic" | "topicId" | "settings" | "disabled" | "health"
> {
  readonly settings: string;
  readonly disabled: string | null;
  readonly health: string | null;
}

/** Subscriptions of all stores of this process share the equal parts of their settings. */
const settingsTexts = new SimilarTexts();

const nothingOpen: ReadonlyMap<Seq, OpenDelivery> = new Map();

/**
 * A subscription in memory. The objects are small, because there may be a hundred thousand of them: settings are not
 * parsed until the subscription has work, equal parts of them are shared, and maps are created when first needed.
 */
export class SubscriptionEntry {
  readonly id: SubscriptionId;
  readonly topic: TopicLog;
  readonly name: string;
  readonly createdAtMs: TimeMs;
  version: number;
  updatedAtMs: TimeMs;
  state: SubscriptionState;
  #disabled: string | null;
  health: string | null;
  removed = false;
  readonly cursor: Cursor;
  parkedCount = 0;
  /** When the next parked delivery is due. The value may be too early, but never too late. */
  nextParkedDueAtMs: TimeMs | null = null;
  /** False: no parked delivery is apart from the order. */
  mayHaveApart = false;
  /** The deliveries of earlier claims that count for the next copy that is apart from the order. */
  #apartCredit = 0;
  /** For each ordering key, the number of parked deliveries that block it. */
  #blockedKeys: Map<string, number> | null = null;
  #open: Map<Seq, OpenDelivery> | null = null;
  #settlingCount = 0;
  /** The earliest end of a lease. The value may be too early, but never too late. */
  #leaseEndMs: TimeMs | null = null;
  /** Only one claim at a time reads the log and the parked deliveries. Resolves when that claim is complete. */
  claiming: Promise<void> | null = null;
  /** Rows in `parked` that a claim is about to change. A claim that reads such a row must not take it. */
  changing: Set<Seq> | null = null;
  /** For each delivery, the number of receivers' answers that are not written yet. Claims skip these deliveries. */
  #pendingAnswers: Map<Seq, number> | null = null;
  #didSkipPending = false;
  /** Deliveries that left `open` while a claim was reading `parked`: the rows that it read may be outdated. */
  closedWhileReading: Set<Seq> | null = null;
  /** Incremented when a step of a rewind begins and when it ends, so it is odd during a step. */
  rewindSteps = 0;
  #settingsText: ShortText;
  /** The parsed settings stay in memory only while other objects refer to them. */
  #settings: WeakRef<SubscriptionSettings> | null = null;
  #matches: ((message: Pick<Message, "tags" | "type">) => boolean) | null = null;

  constructor(topic: TopicLog, row: SubscriptionRow, cursor: Cursor) {
    this.topic = topic;
    this.id = row.id;
    this.name = row.name;
    this.state = row.state;
    this.#disabled = row.disabled;
    this.health = row.health;
    this.version = row.version;
    this.createdAtMs = row.createdAtMs;
    this.updatedAtMs = row.updatedAtMs;
    this.#settingsText = settingsTexts.shorten(row.settings);
    this.cursor = cursor;
  }

  get settings(): SubscriptionSettings {
    const known = this.#settings?.deref();
    if (known !== undefined) return known;
    const settings = JSON.parse(this.settingsText) as SubscriptionSettings;
    this.#settings = new WeakRef(settings);
    return settings;
  }

  get settingsText(): string {
    return wholeText(this.#settingsText);
  }

  changeSettings(settings: string, keepsHealth: boolean, updatedAtMs: TimeMs): void {
    if (!keepsHealth) this.health = null;
    this.#settingsText = settingsTexts.shorten(settings);
    this.#settings = null;
    this.#matches = null;
    this.version++;
    this.updatedAtMs = updatedAtMs;
  }

  changeState(state: SubscriptionState, disabled: string | null, updatedAtMs: TimeMs): void {
    this.state = state;
    this.#disabled = disabled;
    this.health = null;
    this.version++;
    this.updatedAtMs = updatedAtMs;
  }

  /** Parses the settings only if their text contains the label. */
  hasLabel(label: Label): boolean {
    return this.settingsText.includes(labelText(label)) && hasLabel(this.settings, label);
  }

  get order(): Order {
    return this.settings.order;
  }

  get matches(): (message: Pick<Message, "tags" | "type">) => boolean {
    return (this.#matches ??= compileFilter(this.settings.filter));
  }

  /** Includes deliveries that are settling. */
  get open(): ReadonlyMap<Seq, OpenDelivery> {
    return this.#open ?? nothingOpen;
  }

  /** Without deliveries that are settling. */
  get openCount(): number {
    return this.#open === null ? 0 : this.#open.size - this.#settlingCount;
  }

  /** Whether a delivery is open that takes part in the order; with `isApart`, whether one is open that does not. */
  hasOpen(isApart: boolean): boolean {
    for (const delivery of this.open.values()) {
      if (!delivery.settling && (delivery.isApart === true) === isApart) return true;
    }
    return false;
  }

  /** How many of the next deliveries may be copies that are apart from the order, while the log has messages. */
  apartShareOf(deliveries: number): number {
    this.#apartCredit += deliveries;
    const share = Math.floor(this.#apartCredit / limits.replayShare);
    this.#apartCredit %= limits.replayShare;
    return share;
  }

  /** Of the open deliveries, those that have a row in `parked`. */
  get openParkedCount(): number {
    let count = 0;
    if (this.#open !== null) for (const { parked, settling } of this.#open.values()) if (parked && !settling) count++;
    return count;
  }

  get leaseEndMs(): TimeMs | null {
    return this.openCount === 0 ? null : this.#leaseEndMs;
  }

  /** Reads the lease of every open delivery again, because renewals may have moved their ends. */
  refreshLeaseEnd(): void {
    let end: TimeMs | null = null;
    for (const { claim, settling } of this.open.values()) {
      if (!settling && (end === null || claim.leaseUntilMs < end)) end = claim.leaseUntilMs;
    }
    this.#leaseEndMs = end;
  }

  addOpen(seq: Seq, delivery: OpenDelivery): void {
    const { claim } = delivery;
    (this.#open ??= new Map()).set(seq, delivery);
    claim.open++;
    if (this.#leaseEndMs === null || claim.leaseUntilMs < this.#leaseEndMs) this.#leaseEndMs = claim.leaseUntilMs;
  }

  /** Removes the delivery from its claim. `removeOpen` removes it from `open` when its row is written. */
  startSettling(delivery: OpenDelivery): void {
    delivery.settling = true;
    delivery.claim.open--;
    this.#settlingCount++;
  }

  removeOpen(seq: Seq): void {
    const delivery = this.#open?.get(seq);
    if (delivery === undefined) return;
    if (delivery.settling) this.#settlingCount--;
    else delivery.claim.open--;
    this.#open?.delete(seq);
    this.closedWhileReading?.add(seq);
    if (this.#open?.size === 0) this.#leaseEndMs = null;
  }

  addPendingAnswers(seqs: Iterable<Seq>): void {
    this.#pendingAnswers ??= new Map();
    for (const seq of seqs) this.#pendingAnswers.set(seq, (this.#pendingAnswers.get(seq) ?? 0) + 1);
  }

  /** Returns whether a claim has skipped a delivery because an answer for it was pending. */
  removePendingAnswers(seqs: Iterable<Seq>): boolean {
    for (const seq of seqs) {
      const count = this.#pendingAnswers?.get(seq) ?? 0;
      if (count > 1) this.#pendingAnswers?.set(seq, count - 1);
      else this.#pendingAnswers?.delete(seq);
    }
    const didSkip = this.#didSkipPending;
    this.#didSkipPending = false;
    return didSkip;
  }

  /** Whether a claim must skip the delivery because an answer for it is pending. */
  isAnswerPending(seq: Seq): boolean {
    if (this.#pendingAnswers === null || !this.#pendingAnswers.has(seq)) return false;
    this.#didSkipPending = true;
    return true;
  }

  /** The deliveries that a claim must skip because answers for them are pending. */
  pendingAnswers(): Iterable<Seq> {
    if (this.#pendingAnswers === null || this.#pendingAnswers.size === 0) return [];
    this.#didSkipPending = true;
    return this.#pendingAnswers.keys();
  }

  blockKey(key: string, count = 1): void {
    this.#blockedKeys ??= new Map();
    this.#blockedKeys.set(key, (this.#blockedKeys.get(key) ?? 0) + count);
  }

  unblockKey(key: string): void {
    const count = this.#blockedKeys?.get(key) ?? 0;
    if (count <= 1) this.#blockedKeys?.delete(key);
    else this.#blockedKeys?.set(key, count - 1);
  }

  /** Records that no row in `parked` blocks an ordering key any more. */
  unblockAll(): void {
    this.#blockedKeys = null;
    for (const delivery of this.open.values()) delivery.orderingKey = null;
  }

  isBlocked(key: string | null): boolean {
    return key !== null && this.#blockedKeys !== null && this.#blockedKeys.has(key);
  }

  /** The key within which messages are delivered in order: `""` if strictly ordered; null: the message has no order. */
  orderingKeyOf({ message, isApart }: Pick<ClaimedDelivery, "isApart"> & { readonly message: Message }): string | null {
    const order = this.order;
    if (order === "none" || isApart === true) return null;
    return order === "strict" ? "" : message.orderingKey;
  }

  /** Records that a parked delivery may be due at this time. */
  parkedDueAt(dueAtMs: TimeMs): void {
    if (this.nextParkedDueAtMs === null || dueAtMs < this.nextParkedDueAtMs) this.nextParkedDueAtMs = dueAtMs;
  }

  /** Whether the log has positions that no claim has read. */
  get hasUnread(): boolean {
    return this.cursor.scannedThrough < this.topic.lastSeq;
  }

  /** Messages of the log that are neither settled nor open. */
  get backlog(): number {
    const { cursor, topic } = this;
    const unsettled = topic.lastSeq - cursor.settledThrough - cursor.doneCount;
    return Math.max(0, unsettled - (this.openCount - this.openParkedCount));
  }

  /** Number of parked deliveries that are not open. */
  get waitingCount(): number {
    return Math.max(0, this.parkedCount - this.openParkedCount);
  }

  view(): Subscription {
    return {
      id: this.id,
      accountId: this.topic.topic.accountId,
      topicId: this.topic.topic.id,
      topic: this.topic.topic.name,
      name: this.name,
      state: this.state,
      disabled: toDisablement(this.#disabled),
      health: toHealth(this.health),
      settings: this.settings,
      version: this.version,
      createdAtMs: this.createdAtMs,
      updatedAtMs: this.updatedAtMs,
    };
  }
}
