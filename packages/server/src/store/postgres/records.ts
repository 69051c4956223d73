import type { AccountId, MessageId, SubscriptionId, TimeMs } from "../../domain/model.ts";
import type { Page, PageRequest } from "../page.ts";
import type {
  AttemptRecord,
  DeadLetter,
  MessageRecord,
  PullCounts,
  RecordStore,
  StoreStatistics,
  SubscriptionCounts,
  UnsettledCounts,
} from "../records.ts";
import { listAttempts } from "./attempt-records.ts";
import { readSubscriptionCounts, readUnsettledCounts } from "./counts.ts";
import type { ConnectionPool } from "./database.ts";
import { DeadLetters } from "./dead-letters.ts";
import { readMessageRecord } from "./message-records.ts";
import { readPullCounts } from "./pull-counts.ts";
import { Statistics } from "./statistics.ts";
import type { Times } from "./times.ts";

export class PostgresRecords implements RecordStore {
  readonly #pool: ConnectionPool;
  readonly #times: Times;
  readonly #deadLetters: DeadLetters;
  readonly #statistics: Statistics;

  constructor(pool: ConnectionPool, times: Times, ready: (ids: readonly SubscriptionId[]) => void) {
    this.#pool = pool;
    this.#times = times;
    this.#deadLetters = new DeadLetters(pool, times, (id) => ready([id]));
    this.#statistics = new Statistics(pool, times);
  }

  getMessage(accountId: AccountId, id: MessageId): Promise<MessageRecord | null> {
    return readMessageRecord(this.#pool, this.#times, accountId, id);
  }

  subscriptionCounts(id: SubscriptionId): Promise<SubscriptionCounts> {
    return readSubscriptionCounts(this.#pool, this.#times, id);
  }

  unsettledCounts(id: SubscriptionId): Promise<UnsettledCounts> {
    return readUnsettledCounts(this.#pool, this.#times, id);
  }

  pullCounts(id: SubscriptionId, rewindableFromMs: TimeMs): Promise<PullCounts> {
    return readPullCounts(this.#pool, this.#times, id, rewindableFromMs);
  }

  listAttempts(id: SubscriptionId, page: PageRequest, only: "all" | "failed"): Promise<Page<AttemptRecord>> {
    return listAttempts(this.#pool, id, page, only);
  }

  listDeadLetters(id: SubscriptionId, page: PageRequest): Promise<Page<DeadLetter>> {
    return this.#deadLetters.list(id, page);
  }

  getDeadLetter(id: SubscriptionId, deadLetterId: string): Promise<DeadLetter | null> {
    return this.#deadLetters.get(id, deadLetterId);
  }

  redriveDeadLetters(id: SubscriptionId, ids: readonly string[] | null): Promise<number> {
    return this.#deadLetters.redrive(id, ids);
  }

  purgeDeadLetters(id: SubscriptionId, ids: readonly string[] | null): Promise<number> {
    return this.#deadLetters.purge(id, ids);
  }

  statistics(): Promise<StoreStatistics> {
    return this.#statistics.read();
  }
}
