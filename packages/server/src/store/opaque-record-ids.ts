import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { RingbackError } from "../domain/errors.ts";
import type { AccountId, SubscriptionId } from "../domain/model.ts";
import { WriteConflict } from "../domain/write-condition.ts";
import type { Page, PageRequest } from "./page.ts";
import type { DeadLetter, ListedDeadLetter, RecordStore } from "./records.ts";
import type { Store } from "./store.ts";

const [kind, name] = ["secret", "record-ids"];
const keyBytes = 16;

/**
 * Returns the store with encrypted ids of dead letters and attempts. The ids of the drivers count the records of all
 * accounts, so they would show each account how much happens in the others. The key is an entry of the store, so that
 * all nodes use the same one.
 */
export async function withOpaqueRecordIds(store: Store): Promise<Store> {
  const records = opaqueRecords(store.records, await keyOf(store));
  return Object.create(store, {
    records: { value: records },
    close: { value: () => store.close() },
  }) as Store;
}

async function keyOf({ catalog, entries }: Store): Promise<Uint8Array> {
  const { id } = catalog.defaultAccount();
  for (;;) {
    const found = await entries.get(id, kind, name);
    if (found !== null) return Buffer.from(found.value as string, "base64url");
    try {
      await entries.put(id, kind, name, randomBytes(keyBytes).toString("base64url"), "absent");
    } catch (error) {
      // Another node has just made the key.
      if (!(error instanceof WriteConflict)) throw error;
    }
  }
}

/** An id or a page cursor is encrypted together with the number of its owner. */
type RecordOwner = AccountId | SubscriptionId;

/**
 * One block of AES holds the ids of the owner and of the record, so that no other subscription has the id. It is shown
 * in hexadecimal digits, because a command would read an id that begins with `-` as an option.
 */
class RecordIds {
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  encrypt(owner: RecordOwner, id: string): string {
    const cipher = createCipheriv("aes-128-ecb", this.#key, null).setAutoPadding(false);
    const block = Buffer.alloc(keyBytes);
    block.writeBigUInt64BE(BigInt(owner));
    block.writeBigUInt64BE(BigInt(id), 8);
    return Buffer.concat([cipher.update(block), cipher.final()]).toString("hex");
  }

  /** Returns null if the text is not the id of a record of the owner. */
  decrypt(owner: RecordOwner, text: string): string | null {
    const bytes = Buffer.from(text, "hex");
    if (bytes.length !== keyBytes || bytes.toString("hex") !== text) return null;
    const decipher = createDecipheriv("aes-128-ecb", this.#key, null).setAutoPadding(false);
    const block = Buffer.concat([decipher.update(bytes), decipher.final()]);
    return block.readBigUInt64BE() === BigInt(owner) ? String(block.readBigUInt64BE(8)) : null;
  }
}

/** A driver's cursor is a time and an id. The time stays readable, because it is that of a record of the caller. */
class OpaqueCursors {
  readonly #ids: RecordIds;

  constructor(ids: RecordIds) {
    this.#ids = ids;
  }

  #replaceId(cursor: string, replace: (id: string) => string | null): string {
    const [, time, id] = /^(\d+)\.(.+)$/.exec(cursor) ?? [];
    const replaced = id === undefined ? null : replace(id);
    if (time === undefined || replaced === null) throw new RingbackError("invalid_cursor");
    return `${time}.${replaced}`;
  }

  /** Reads a page whose cursors are opaque. `read` gets and returns those of the driver. */
  async page<P extends Page<unknown>>(
    owner: RecordOwner,
    { after, limit }: PageRequest,
    read: (page: PageRequest) => Promise<P>,
  ): Promise<P> {
    const before = after === null ? null : this.#replaceId(after, (id) => this.#ids.decrypt(owner, id));
    const page = await read({ after: before, limit });
    return page.next === null
      ? page
      : { ...page, next: this.#replaceId(page.next, (id) => this.#ids.encrypt(owner, id)) };
  }
}

function opaqueRecords(records: RecordStore, key: Uint8Array): RecordStore {
  const ids = new RecordIds(key);
  const cursors = new OpaqueCursors(ids);
  const letter = <L extends DeadLetter>(id: SubscriptionId, one: L): L => ({ ...one, id: ids.encrypt(id, one.id) });
  const listed = <P extends Page<ListedDeadLetter>>(page: P): P => ({
    ...page,
    items: page.items.map((one) => letter(one.subscriptionId, one)),
  });
  const known = (id: SubscriptionId, wanted: readonly string[] | null): readonly string[] | null =>
    wanted && wanted.map((text) => ids.decrypt(id, text)).filter((text) => text !== null);
  return {
    getMessage: (...given) => records.getMessage(...given),
    listMessages: (...given) => records.listMessages(...given),
    getOrigin: (id) => records.getOrigin(id),
    subscriptionCounts: (id) => records.subscriptionCounts(id),
    countsOfSubscriptions: (ids) => records.countsOfSubscriptions(ids),
    conditionsOf: (ids) => records.conditionsOf(ids),
    unhealthySubscriptions: (limit) => records.unhealthySubscriptions(limit),
    unsettledCounts: (id) => records.unsettledCounts(id),
    pullCounts: (...given) => records.pullCounts(...given),
    messagesAfter: (...given) => records.messagesAfter(...given),
    bodyBytes: (...given) => records.bodyBytes(...given),
    statistics: () => records.statistics(),
    listAttempts: (id, page, filter) => cursors.page(id, page, (part) => records.listAttempts(id, part, filter)),
    listDeadLetters: async (id, page, filter) =>
      listed(await cursors.page(id, page, (part) => records.listDeadLetters(id, part, filter))),
    listAccountDeadLetters: async (id, page, filter) =>
      listed(await cursors.page(id, page, (part) => records.listAccountDeadLetters(id, part, filter))),
    getDeadLetter: async (id, text) => {
      const recordId = ids.decrypt(id, text);
      const found = recordId === null ? null : await records.getDeadLetter(id, recordId);
      return found && letter(id, found);
    },
    redriveDeadLetters: (id, wanted) => records.redriveDeadLetters(id, known(id, wanted)),
    purgeDeadLetters: (id, wanted) => records.purgeDeadLetters(id, known(id, wanted)),
  };
}
