import type { AccountId, Seq, TopicId } from "../../domain/model.ts";
import type { TopicRange } from "../../store/catalog.ts";
import type { Store } from "../../store/store.ts";
import { engineLimits } from "../engine-limits.ts";

/** The bytes of successive messages of one log. */
interface Block {
  readonly firstSeq: Seq;
  lastSeq: Seq;
  bytes: number;
}

interface AccountBytes {
  /** The blocks of each topic, oldest first. */
  blocks: ReadonlyMap<TopicId, readonly Block[]>;
  counted: number;
  /** Bytes of the messages that this process has accepted since the last count. */
  accepted: number;
}

/**
 * The bytes of message bodies that accounts have in the store. Each message is read once, and then counted until all
 * messages of its block are gone. So the count is at most one block of each topic too high, and too low by what other
 * nodes have accepted since the last count.
 */
export class StoredBytes {
  readonly #store: Pick<Store, "catalog" | "records">;
  readonly #accounts = new Map<AccountId, AccountBytes>();

  constructor(store: Pick<Store, "catalog" | "records">) {
    this.#store = store;
  }

  /** Returns the last count and what was accepted since. Before the first count, the account counts as empty. */
  of(accountId: AccountId): number {
    const known = this.#accounts.get(accountId);
    return known === undefined ? 0 : known.counted + known.accepted;
  }

  /** The messages were accepted by this process. */
  accepted(accountId: AccountId, bytes: number): void {
    this.#of(accountId).accepted += bytes;
  }

  forget(accountId: AccountId): void {
    this.#accounts.delete(accountId);
  }

  async count(accountId: AccountId): Promise<void> {
    const account = this.#of(accountId);
    const acceptedBefore = account.accepted;
    const blocks = new Map<TopicId, readonly Block[]>();
    let after: TopicId | null = null;
    for (;;) {
      const limit = engineLimits.topicsPerRead;
      const ranges: readonly TopicRange[] = await this.#store.catalog.listTopicRanges(accountId, after, limit);
      for (const range of ranges) {
        blocks.set(range.topic.id, await this.#blocksOf(range, account.blocks.get(range.topic.id) ?? []));
        after = range.topic.id;
      }
      if (ranges.length < limit) break;
    }
    account.blocks = blocks;
    account.counted = sum([...blocks.values()].flat());
    account.accepted -= acceptedBefore;
  }

  async #blocksOf({ topic, firstSeq, lastSeq }: TopicRange, known: readonly Block[]): Promise<readonly Block[]> {
    const blocks = known.filter((block) => block.lastSeq >= firstSeq);
    const { blockMessages } = engineLimits;
    for (;;) {
      const newest = blocks.at(-1);
      const fromSeq = Math.max(firstSeq, (newest?.lastSeq ?? 0) + 1);
      if (fromSeq > lastSeq) return blocks;
      const toSeq = Math.min(lastSeq, fromSeq + blockMessages - 1);
      const bytes = await this.#store.records.bodyBytes(topic.id, fromSeq, toSeq);
      if (newest !== undefined && toSeq - newest.firstSeq < blockMessages) {
        newest.lastSeq = toSeq;
        newest.bytes += bytes;
      } else blocks.push({ firstSeq: fromSeq, lastSeq: toSeq, bytes });
    }
  }

  #of(accountId: AccountId): AccountBytes {
    let account = this.#accounts.get(accountId);
    if (account === undefined) {
      this.#accounts.set(accountId, (account = { blocks: new Map(), counted: 0, accepted: 0 }));
    }
    return account;
  }
}

function sum(blocks: readonly Block[]): number {
  return blocks.reduce((total, { bytes }) => total + bytes, 0);
}
