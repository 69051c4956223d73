import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { RingbackError } from "../domain/errors.ts";
import type { SubscriptionId } from "../domain/model.ts";
import { WriteConflict } from "../domain/write-condition.ts";
import type { Page, PageRequest } from "./page.ts";
import type { DeadLetter, RecordStore } from "./records.ts";
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

/** One block of AES holds the ids of the subscription and of the record, so that no other subscription has the id. */
class RecordIds {
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  encrypt(subscriptionId: SubscriptionId, id: string): string {
    const cipher = createCipheriv("aes-128-ecb", this.#key, null).setAutoPadding(false);
    const block = Buffer.alloc(keyBytes);
    block.writeBigUInt64BE(BigInt(subscriptionId));
    block.writeBigUInt64BE(BigInt(id), 8);
    return Buffer.concat([cipher.update(block), cipher.final()]).toString("base64url");
  }

  /** Returns null if the text is not the id of a record of the subscription. */
  decrypt(subscriptionId: SubscriptionId, text: string): string | null {
    const bytes = Buffer.from(text, "base64url");
    if (bytes.length !== keyBytes || bytes.toString("base64url") !== text) return null;
    const decipher = createDecipheriv("aes-128-ecb", this.#key, null).setAutoPadding(false);
    const block = Buffer.concat([decipher.update(bytes), decipher.final()]);
    return block.readBigUInt64BE() === BigInt(subscriptionId) ? String(block.readBigUInt64BE(8)) : null;
  }
}

function opaqueRecords(records: RecordStore, key: Uint8Array): RecordStore {
  const ids = new RecordIds(key);
  const pageAfter = (id: SubscriptionId, { after, limit }: PageRequest): PageRequest => {
    if (after === null) return { after, limit };
    const before = ids.decrypt(id, after);
    if (before === null) throw new RingbackError("invalid_cursor");
    return { after: before, limit };
  };
  const shown = <T>(id: SubscriptionId, { items, next }: Page<T>): Page<T> => ({
    items,
    next: next === null ? null : ids.encrypt(id, next),
  });
  const letter = (id: SubscriptionId, one: DeadLetter): DeadLetter => ({ ...one, id: ids.encrypt(id, one.id) });
  const known = (id: SubscriptionId, wanted: readonly string[] | null): readonly string[] | null =>
    wanted && wanted.map((text) => ids.decrypt(id, text)).filter((text) => text !== null);
  return {
    getMessage: (...given) => records.getMessage(...given),
    getOrigin: (id) => records.getOrigin(id),
    subscriptionCounts: (id) => records.subscriptionCounts(id),
    unsettledCountsOf: (ids) => records.unsettledCountsOf(ids),
    unsettledCounts: (id) => records.unsettledCounts(id),
    pullCounts: (...given) => records.pullCounts(...given),
    bodyBytes: (...given) => records.bodyBytes(...given),
    statistics: () => records.statistics(),
    listAttempts: async (id, page, only) => shown(id, await records.listAttempts(id, pageAfter(id, page), only)),
    listDeadLetters: async (id, page) => {
      const { items, next } = shown(id, await records.listDeadLetters(id, pageAfter(id, page)));
      return { items: items.map((one) => letter(id, one)), next };
    },
    getDeadLetter: async (id, text) => {
      const recordId = ids.decrypt(id, text);
      const found = recordId === null ? null : await records.getDeadLetter(id, recordId);
      return found && letter(id, found);
    },
    redriveDeadLetters: (id, wanted) => records.redriveDeadLetters(id, known(id, wanted)),
    purgeDeadLetters: (id, wanted) => records.purgeDeadLetters(id, known(id, wanted)),
  };
}
