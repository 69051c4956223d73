import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Deadlines, type Expiring, type DeadlineGroup } from "./deadline.ts";
import { transportLimits } from "./limits.ts";
import { ManualTime } from "./testing/manual-time.ts";

class Member implements Expiring {
  previous: Expiring | null = null;
  next: Expiring | null = null;
  group: DeadlineGroup | null = null;
  deadlineMs = 0;
  ended: { readonly why: string; readonly atMs: number } | null = null;
  readonly #time: ManualTime;

  constructor(time: ManualTime) {
    this.#time = time;
  }

  end(why: "timeout" | "aborted"): void {
    if (this.ended !== null) throw new Error("ended twice");
    this.ended = { why, atMs: this.#time.now() };
  }
}

test("each member ends once, never early and at most deadlineSlackMs late, and a removed one never", () => {
  const step = fc.record({
    waitMs: fc.nat(400),
    timeoutMs: fc.constantFrom(100, 101, 250, 1_000),
    removeAfter: fc.option(fc.nat(5), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const time = new ManualTime();
      const deadlines = new Deadlines(time, time);
      const members: { member: Member; dueMs: number; removed: boolean }[] = [];
      for (const { waitMs, timeoutMs, removeAfter } of steps) {
        time.advance(waitMs);
        const member = new Member(time);
        deadlines.add(member, timeoutMs, time.now());
        members.push({ member, dueMs: time.now() + timeoutMs, removed: false });
        const victim = removeAfter === undefined ? undefined : members.at(-1 - removeAfter);
        if (victim !== undefined && victim.member.ended === null) {
          deadlines.remove(victim.member);
          victim.removed = true;
        }
      }
      time.advance(2_000);
      const wrong = members.filter(({ member: { ended }, dueMs, removed }) => {
        if (removed || ended === null) return removed !== (ended === null);
        return ended.why !== "timeout" || ended.atMs < dueMs || ended.atMs > dueMs + transportLimits.deadlineSlackMs;
      });
      expect(wrong).toEqual([]);
      expect(time.timersRunning).toBe(0);
    }),
  );
});

test("a steady stream that never times out sets about one timer per timeout", () => {
  const time = new ManualTime();
  const deadlines = new Deadlines(time, time);
  let before = new Member(time);
  deadlines.add(before, 1_000, time.now());
  for (let index = 0; index < 10_000; index++) {
    time.advance(1);
    const member = new Member(time);
    deadlines.add(member, 1_000, time.now());
    deadlines.remove(before);
    before = member;
  }
  expect(time.timersSet).toBeLessThanOrEqual(12);
});

test("no timer runs without members", () => {
  const time = new ManualTime();
  const deadlines = new Deadlines(time, time);
  const member = new Member(time);
  deadlines.add(member, 1_000, time.now());
  expect(time.timersRunning).toBe(1);
  deadlines.remove(member);
  expect(time.timersRunning).toBe(0);
});

test("a member added while others end has its full timeout", () => {
  const time = new ManualTime();
  const deadlines = new Deadlines(time, time);
  const later = new Member(time);
  const first = new Member(time);
  first.end = () => deadlines.add(later, 1_000, time.now());
  deadlines.add(first, 1_000, time.now());
  time.advance(1_999);
  expect(later.ended).toBeNull();
  time.advance(1 + transportLimits.deadlineSlackMs);
  expect(later.ended?.why).toBe("timeout");
});

test("aborting ends all members immediately", () => {
  const time = new ManualTime();
  const deadlines = new Deadlines(time, time);
  const members = [100, 100, 5_000].map((timeoutMs) => {
    const member = new Member(time);
    deadlines.add(member, timeoutMs, time.now());
    return member;
  });
  deadlines.abort();
  expect(members.map((member) => member.ended?.why)).toEqual(["aborted", "aborted", "aborted"]);
  expect(time.timersRunning).toBe(0);
});
