import { expect } from "vitest";
import type { AccountId, SubscriptionId } from "../../domain/model.ts";
import { exchangesDeletedMax, type ExchangeContent, type ExchangeRow } from "../exchanges.ts";
import type { Part } from "./part.ts";

let accounts = 3_000_000;
let subscriptions = 3_000_000;
/** Rows belong to any account and subscription, also to those that are deleted by now. */
const newOwner = () => ({ accountId: accounts++ as AccountId, subscriptionId: subscriptions++ as SubscriptionId });
type Owner = ReturnType<typeof newOwner>;

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
const never = 2 ** 52;
const unlimited = 2 ** 52;

function row(owner: Owner, seq: number, given: Partial<ExchangeRow> = {}): ExchangeRow {
  const content = { head: { seq }, requestBody: bytes(`request ${seq}`), replyBody: bytes("") };
  return { ...owner, seq, attempt: 1, startedAtMs: 1_000 + seq, expiresAtMs: never, ...content, ...given };
}

/** The drivers return buffers, which are not equal to arrays. */
const plain = (given: Uint8Array): Uint8Array => Uint8Array.from(given);

export function exchangeContract({ promise, shared }: Part): void {
  const exchanges = () => shared().store.exchanges;
  const read = async (key: ExchangeRow): Promise<ExchangeContent | null> => {
    const found = await exchanges().read(key);
    return (
      found && { ...found, requestBody: plain(found.requestBody), replyBody: found.replyBody && plain(found.replyBody) }
    );
  };
  const left = async (rows: readonly ExchangeRow[]): Promise<number[]> => {
    const found = await Promise.all(rows.map(async (key) => ((await read(key)) === null ? [] : [key.seq])));
    return found.flat();
  };
  /** Other tests have rows too, so a limit is counted from what is there. */
  const trimAll = async (limits: { nowMs: number; bytesMax: number }): Promise<void> => {
    while (await exchanges().trim(limits));
  };

  promise("keeps requests and replies byte for byte, over a crash, and tells attempts apart", async () => {
    const owner = newOwner();
    const head = { request: { headers: [["X-Ü", "é\u0000\uD800'"]] }, reply: null };
    const raw = row(owner, 1, { head, requestBody: Uint8Array.from([0, 255, 128]), replyBody: null });
    const second = row(owner, 1, { attempt: 2, replyBody: bytes("no") });
    const later = row(owner, 1, { startedAtMs: 9_000, replyBody: bytes("yes") });
    await exchanges().write([raw, second, later]);
    await shared().crash();
    expect(await read(raw)).toEqual({ head, requestBody: raw.requestBody, replyBody: null });
    expect((await read(second))?.replyBody).toEqual(second.replyBody);
    expect((await read(later))?.replyBody).toEqual(later.replyBody);
    expect(await read(row(newOwner(), 1))).toBeNull();
  });

  promise("replaces the request and reply of the same attempt", async () => {
    const first = row(newOwner(), 1);
    await exchanges().write([first]);
    await exchanges().write([{ ...first, replyBody: bytes("better") }]);
    expect((await read(first))?.replyBody).toEqual(bytes("better"));
  });

  promise("removes expired requests and replies in steps", async () => {
    const owner = newOwner();
    const old = Array.from({ length: exchangesDeletedMax + 1 }, (_, index) => row(owner, index, { expiresAtMs: 50 }));
    const kept = row(owner, 1_000, { expiresAtMs: 51 });
    await exchanges().write([...old, kept]);
    const limits = { nowMs: 50, bytesMax: unlimited };
    expect(await exchanges().trim(limits)).toBe(true);
    await trimAll(limits);
    expect(await left([...old, kept])).toEqual([1_000]);
  });

  promise("removes the oldest requests and replies when all together have too many bytes", async () => {
    const owner = newOwner();
    await trimAll({ nowMs: never, bytesMax: 0 });
    const rows = [3, 1, 2].map((seq) =>
      row(owner, seq, { head: 0, requestBody: bytes("x".repeat(98)), replyBody: bytes("y") }),
    );
    await exchanges().write(rows);
    await trimAll({ nowMs: 0, bytesMax: 300 });
    expect(await left(rows)).toEqual([3, 1, 2]);
    await trimAll({ nowMs: 0, bytesMax: 299 });
    expect(await left(rows)).toEqual([3, 2]);
    await trimAll({ nowMs: 0, bytesMax: 99 });
    expect(await left(rows)).toEqual([]);
  });

  promise("removes the requests and replies of one account in steps", async () => {
    const [owner, other] = [newOwner(), newOwner()];
    const rows = Array.from({ length: exchangesDeletedMax }, (_, index) => row(owner, index));
    await exchanges().write([...rows, row(other, 1)]);
    expect(await exchanges().deleteSome(owner.accountId)).toBe(true);
    expect(await exchanges().deleteSome(owner.accountId)).toBe(false);
    expect(await left(rows)).toEqual([]);
    expect(await left([row(other, 1)])).toEqual([1]);
  });
}
