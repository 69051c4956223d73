import { expect } from "vitest";
import type { AccountId, SubscriptionId, TopicId } from "../../domain/model.ts";
import { talliesDeletedMax, tallySteps, type TallyOwner, type TallyRow } from "../tallies.ts";
import type { Part } from "./part.ts";

const { minute, hour } = tallySteps;
let accounts = 2_000_000;
/** Rows belong to any account, also to one that is deleted by now. */
const newOwner = (): TallyOwner => ({ accountId: accounts++ as AccountId, topicId: null, subscriptionId: null });

function row(owner: TallyOwner, atMs: number, given: Partial<TallyRow> = {}): TallyRow {
  return { ...owner, stepMs: minute, atMs, writer: "one", counts: { accepted: 1 }, ...given };
}

export function tallyContract({ promise, shared }: Part): void {
  const tallies = () => shared().store.tallies;
  const read = (owner: TallyOwner, stepMs: TallyRow["stepMs"] = minute, fromMs = 0, toMs = 10 * hour) =>
    tallies().read({ ...owner, stepMs, fromMs, toMs });

  promise("keeps counts over a crash, apart by owner, step and writer, sorted by time", async () => {
    const owner = newOwner();
    const topic = { ...owner, topicId: 7 as TopicId };
    const subscription = { ...topic, subscriptionId: 9 as SubscriptionId };
    const counts = { "é\u0000": { "1": 2 }, accepted: 3 };
    await tallies().write([
      row(owner, 2 * minute),
      row(owner, minute, { counts }),
      row(owner, minute, { writer: "two" }),
      row(owner, 0, { stepMs: hour }),
      row(topic, minute),
      row(subscription, minute),
    ]);
    await shared().crash();
    const written = await read(owner);
    expect(written.map(({ atMs }) => atMs)).toEqual([minute, minute, 2 * minute]);
    expect(written.find(({ atMs, writer }) => atMs === minute && writer === "one")?.counts).toEqual(counts);
    expect(await read(owner, hour)).toEqual([{ atMs: 0, writer: "one", counts: { accepted: 1 } }]);
    expect(await read(topic)).toHaveLength(1);
    expect(await read(subscription)).toHaveLength(1);
    expect(await read(newOwner())).toEqual([]);
  });

  promise("replaces the counts of the same writer and step, and reads a range of time", async () => {
    const owner = newOwner();
    await tallies().write([row(owner, minute), row(owner, 2 * minute), row(owner, 3 * minute)]);
    await tallies().write([row(owner, 2 * minute, { counts: { failed: 5 } })]);
    expect(await read(owner, minute, 2 * minute, 3 * minute)).toEqual([
      { atMs: 2 * minute, writer: "one", counts: { failed: 5 } },
    ]);
  });

  promise("removes old counts, those of minutes sooner than those of hours, in steps", async () => {
    const owner = newOwner();
    const many = Array.from({ length: talliesDeletedMax + 1 }, (_, index) => row(owner, 0, { writer: String(index) }));
    await tallies().write([...many, row(owner, hour), row(owner, 0, { stepMs: hour })]);
    const before = { minutesMs: hour, hoursMs: 0 };
    expect(await tallies().trim(before)).toBe(true);
    while (await tallies().trim(before));
    expect((await read(owner)).map(({ atMs }) => atMs)).toEqual([hour]);
    expect(await read(owner, hour)).toHaveLength(1);
    await tallies().trim({ minutesMs: 0, hoursMs: 1 });
    expect(await read(owner, hour)).toEqual([]);
  });

  promise("removes the counts of one account in steps", async () => {
    const [owner, other] = [newOwner(), newOwner()];
    const many = Array.from({ length: talliesDeletedMax }, (_, index) => row(owner, hour, { writer: String(index) }));
    await tallies().write([...many, row(owner, 2 * hour, { stepMs: hour }), row(other, hour)]);
    expect(await tallies().deleteSome(owner.accountId)).toBe(true);
    expect(await tallies().deleteSome(owner.accountId)).toBe(false);
    expect([await read(owner), await read(owner, hour)]).toEqual([[], []]);
    expect(await read(other)).toHaveLength(1);
  });
}
