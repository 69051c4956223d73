import type {
  AccountId,
  Filter,
  Message,
  Order,
  Seq,
  Subscription,
  SubscriptionId,
  SubscriptionSettings,
  SubscriptionState,
  TimeMs,
  Topic,
  TopicId,
} from "../../domain/model.ts";
import { compileFilter } from "../../domain/filter.ts";
import { isInternalName } from "../../domain/internal-names.ts";
import { foldCase } from "../../domain/names.ts";
import type { ClaimId } from "../log.ts";
import type { AnswerList } from "./answer-columns.ts";
import type { Cursor } from "../cursor.ts";
import { hasLabel, labelText, type Label } from "../label.ts";
import { NameIndex } from "../name-index.ts";

const isListed = (name: string): boolean => !isInternalName(name);

/**
 * The catalog as this process holds it: light enough for a hundred thousand subscriptions, since settings stay text
 * until a subscription has something to do. Only one process can have the folder open, so memory is the truth between
 * two commits and the database is what survives.
 */
export class TopicEntry {
  topic: Topic;
  firstSeq: Seq;
  lastSeq: Seq;
  /** Publishing time of the oldest message, or earlier; null: the log is empty. Retention keeps it. */
  oldestAtMs: TimeMs | null;
  readonly subscriptions = new NameIndex<SubscriptionEntry>(isListed);
  #ids: readonly SubscriptionId[] | null = null;

  constructor(topic: Topic, firstSeq: Seq, lastSeq: Seq, oldestAtMs: TimeMs | null) {
    this.topic = topic;
    this.firstSeq = firstSeq;
    this.lastSeq = lastSeq;
    this.oldestAtMs = oldestAtMs;
  }

  add(entry: SubscriptionEntry): void {
    this.subscriptions.set(entry.name, entry);
    this.#ids = null;
  }

  remove(entry: SubscriptionEntry): void {
    this.subscriptions.delete(entry.name);
    this.#ids = null;
  }

  /** The same array until a subscription comes or goes: a publish must not cost one entry per subscription. */
  get subscriptionIds(): readonly SubscriptionId[] {
    return (this.#ids ??= [...this.subscriptions.values()].map((entry) => entry.id));
  }
}

export interface ClaimState {
  readonly id: ClaimId;
  readonly entry: SubscriptionEntry;
  leaseUntilMs: TimeMs;
  open: number;
}

/** A delivery in somebody's hands. */
export interface OpenDelivery {
  readonly claim: ClaimState;
  /** It has a row in `parked`; otherwise only the cursor knows of it. */
  parked: boolean;
  /**
   * It is settled, and what became of its row is on the way to the disk: nobody holds it any more, but a claim that
   * reads the row as it still is must not take it.
   */
  settling: boolean;
  /** The key whose successors its row in `parked` holds back. */
  orderingKey: string | null;
  readonly deadLetterId: number | null;
  readonly message: Message;
  readonly attemptsMade: number;
  readonly retriesMade: number;
  readonly firstAttemptAtMs: TimeMs | null;
}

const nothingOpen: ReadonlyMap<Seq, OpenDelivery> = new Map();

export class SubscriptionEntry {
  readonly id: SubscriptionId;
  readonly topic: TopicEntry;
  readonly name: string;
  readonly createdAtMs: TimeMs;
  version: number;
  updatedAtMs: TimeMs;
  state: SubscriptionState;
  removed = false;
  readonly cursor: Cursor;
  parkedCount = 0;
  /** May be earlier than the truth, never later. */
  nextParkedDueAtMs: TimeMs | null = null;
  /** Parked deliveries per ordering key, of those that hold their successors back. */
  #blockedKeys: Map<string, number> | null = null;
  #open: Map<Seq, OpenDelivery> | null = null;
  #settlingCount = 0;
  /** The earliest end of a lease; may be earlier than the truth, never later. */
  #leaseEndMs: TimeMs | null = null;
  /** One claim at a time looks at the log of a subscription. */
  claiming: Promise<void> | null = null;
  /** Rows in `parked` that are about to be held: a claim that reads them as they still are must not take them. */
  holding: Set<Seq> | null = null;
  /** How many answers of receivers are on their way, by delivery: no claim takes those. */
  #answering: Map<Seq, number> | null = null;
  #passedOver = false;
  /** What left `open` while a claim was reading `parked`: the rows that it read may be older than that. */
  leftWhileReading: Set<Seq> | null = null;
  #settingsText: string;
  #settings: SubscriptionSettings | null = null;
  #matches: ((message: Pick<Message, "tags" | "type">) => boolean) | null = null;

  constructor(
    topic: TopicEntry,
    row: {
      readonly id: SubscriptionId;
      readonly name: string;
      readonly state: SubscriptionState;
      readonly version: number;
      readonly settings: string;
      readonly createdAtMs: TimeMs;
      readonly updatedAtMs: TimeMs;
    },
    cursor: Cursor,
  ) {
    this.topic = topic;
    this.id = row.id;
    this.name = row.name;
    this.state = row.state;
    this.version = row.version;
    this.createdAtMs = row.createdAtMs;
    this.updatedAtMs = row.updatedAtMs;
    this.#settingsText = row.settings;
    this.cursor = cursor;
  }

  get settings(): SubscriptionSettings {
    return (this.#settings ??= JSON.parse(this.#settingsText) as SubscriptionSettings);
  }

  change(settings: string, updatedAtMs: TimeMs): void {
    this.#settingsText = settings;
    this.#settings = null;
    this.#matches = null;
    this.version++;
    this.updatedAtMs = updatedAtMs;
  }

  changeState(state: SubscriptionState, updatedAtMs: TimeMs): void {
    this.state = state;
    this.version++;
    this.updatedAtMs = updatedAtMs;
  }

  /** Most settings are not parsed for it: they do not hold the label's text. */
  hasLabel(label: Label): boolean {
    return this.#settingsText.includes(labelText(label)) && hasLabel(this.settings, label);
  }

  get settingsText(): string {
    return this.#settingsText;
  }

  get filter(): Filter {
    return this.settings.filter;
  }

  get order(): Order {
    return this.settings.order;
  }

  get matches(): (message: Pick<Message, "tags" | "type">) => boolean {
    return (this.#matches ??= compileFilter(this.settings.filter));
  }

  /** With those that are settling. */
  get open(): ReadonlyMap<Seq, OpenDelivery> {
    return this.#open ?? nothingOpen;
  }

  /** In somebody's hands. */
  get openCount(): number {
    return this.#open === null ? 0 : this.#open.size - this.#settlingCount;
  }

  /** Of those, the ones that have a row in `parked`. */
  get openParkedCount(): number {
    let count = 0;
    if (this.#open !== null) for (const { parked, settling } of this.#open.values()) if (parked && !settling) count++;
    return count;
  }

  get leaseEndMs(): TimeMs | null {
    return this.openCount === 0 ? null : this.#leaseEndMs;
  }

  take(seq: Seq, delivery: OpenDelivery): void {
    const { claim } = delivery;
    (this.#open ??= new Map()).set(seq, delivery);
    claim.open++;
    if (this.#leaseEndMs === null || claim.leaseUntilMs < this.#leaseEndMs) this.#leaseEndMs = claim.leaseUntilMs;
  }

  /** Nobody holds it from here on; `letGo` follows when its row is written. */
  startSettling(delivery: OpenDelivery): void {
    delivery.settling = true;
    delivery.claim.open--;
    this.#settlingCount++;
  }

  letGo(seq: Seq): void {
    const delivery = this.#open?.get(seq);
    if (delivery === undefined) return;
    if (delivery.settling) this.#settlingCount--;
    else delivery.claim.open--;
    this.#open?.delete(seq);
    this.leftWhileReading?.add(seq);
    if (this.#open?.size === 0) this.#leaseEndMs = null;
  }

  startAnswering(list: AnswerList): void {
    this.#answering ??= new Map();
    for (let place = 0; place < list.count; place++) {
      const seq = list.seqAt(place);
      this.#answering.set(seq, (this.#answering.get(seq) ?? 0) + 1);
    }
  }

  /** True: a claim may have passed one of them over that is there after all. */
  stopAnswering(list: AnswerList): boolean {
    for (let place = 0; place < list.count; place++) {
      const seq = list.seqAt(place);
      const count = this.#answering?.get(seq) ?? 0;
      if (count > 1) this.#answering?.set(seq, count - 1);
      else this.#answering?.delete(seq);
    }
    const passedOver = this.#passedOver;
    this.#passedOver = false;
    return passedOver;
  }

  /** For a claim that has found it due: while an answer for it is on its way, it is passed over. */
  isPassedOver(seq: Seq): boolean {
    if (this.#answering === null || !this.#answering.has(seq)) return false;
    this.#passedOver = true;
    return true;
  }

  /** For a claim that is about to read what is parked. */
  answeringNow(): Iterable<Seq> {
    if (this.#answering === null || this.#answering.size === 0) return [];
    this.#passedOver = true;
    return this.#answering.keys();
  }

  /** Looks at every lease again, since renewals may have moved their ends. */
  refreshLeaseEnd(): void {
    let end: TimeMs | null = null;
    for (const { claim, settling } of this.open.values()) {
      if (!settling && (end === null || claim.leaseUntilMs < end)) end = claim.leaseUntilMs;
    }
    this.#leaseEndMs = end;
  }

  blockKey(key: string): void {
    this.#blockedKeys ??= new Map();
    this.#blockedKeys.set(key, (this.#blockedKeys.get(key) ?? 0) + 1);
  }

  unblockKey(key: string): void {
    const count = this.#blockedKeys?.get(key) ?? 0;
    if (count <= 1) this.#blockedKeys?.delete(key);
    else this.#blockedKeys?.set(key, count - 1);
  }

  /** No row in `parked` holds anything back any more. */
  unblockAll(): void {
    this.#blockedKeys = null;
    for (const delivery of this.open.values()) delivery.orderingKey = null;
  }

  restoreBlockedKey(key: string, count: number): void {
    (this.#blockedKeys ??= new Map()).set(key, count);
  }

  isBlocked(key: string | null): boolean {
    return key !== null && this.#blockedKeys !== null && this.#blockedKeys.has(key);
  }

  /** The key within which this message must keep its place; null: none. */
  orderingKeyOf(message: Message): string | null {
    const order = this.order;
    if (order === "none") return null;
    return order === "strict" ? "" : message.orderingKey;
  }

  parkedDueAt(dueAtMs: TimeMs): void {
    if (this.nextParkedDueAtMs === null || dueAtMs < this.nextParkedDueAtMs) this.nextParkedDueAtMs = dueAtMs;
  }

  /** The log has something that no claim has looked at. */
  get hasUnread(): boolean {
    return this.cursor.scannedThrough < this.topic.lastSeq;
  }

  /** Messages of the log that are neither settled nor in somebody's hands. */
  get backlog(): number {
    const { cursor, topic } = this;
    const unsettled = topic.lastSeq - cursor.settledThrough - cursor.doneCount;
    return Math.max(0, unsettled - (this.openCount - this.openParkedCount));
  }

  /** Parked and in nobody's hands. */
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
      settings: this.settings,
      version: this.version,
      createdAtMs: this.createdAtMs,
      updatedAtMs: this.updatedAtMs,
    };
  }
}

export class Catalog {
  readonly topics = new Map<TopicId, TopicEntry>();
  readonly subscriptions = new Map<SubscriptionId, SubscriptionEntry>();
  readonly #accounts = new Map<AccountId, NameIndex<TopicEntry>>();
  readonly #folded = new Map<string, readonly TopicEntry[]>();

  addTopic(entry: TopicEntry): void {
    const { id, accountId, name } = entry.topic;
    this.topics.set(id, entry);
    this.topicsOf(accountId).set(name, entry);
    const folded = foldedKey(accountId, name);
    this.#folded.set(folded, [...(this.#folded.get(folded) ?? []), entry]);
  }

  /** The one of this very name before others that differ from it in case. */
  topicAnyCase(accountId: AccountId, name: string): TopicEntry | undefined {
    return this.topicsOf(accountId).get(name) ?? this.#folded.get(foldedKey(accountId, name))?.[0];
  }

  topicsOf(accountId: AccountId): NameIndex<TopicEntry> {
    let topics = this.#accounts.get(accountId);
    if (topics === undefined) this.#accounts.set(accountId, (topics = new NameIndex(isListed)));
    return topics;
  }

  get listedTopicCount(): number {
    let count = 0;
    for (const topics of this.#accounts.values()) count += topics.listedCount;
    return count;
  }

  removeTopic(entry: TopicEntry): void {
    const { id, accountId, name } = entry.topic;
    this.topics.delete(id);
    this.topicsOf(accountId).delete(name);
    const folded = foldedKey(accountId, name);
    const left = this.#folded.get(folded)?.filter((other) => other !== entry) ?? [];
    if (left.length === 0) this.#folded.delete(folded);
    else this.#folded.set(folded, left);
    for (const subscription of entry.subscriptions.values()) this.removeSubscription(subscription);
  }

  addSubscription(entry: SubscriptionEntry): void {
    // What retention had removed before it came to be, or before this start.
    entry.cursor.skipThrough(entry.topic.firstSeq - 1);
    entry.topic.add(entry);
    this.subscriptions.set(entry.id, entry);
  }

  removeSubscription(entry: SubscriptionEntry): void {
    entry.removed = true;
    entry.topic.remove(entry);
    this.subscriptions.delete(entry.id);
  }
}

function foldedKey(accountId: AccountId, name: string): string {
  return `${accountId} ${foldCase(name)}`;
}
