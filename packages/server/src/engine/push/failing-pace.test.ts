import { expect, test } from "vitest";
import type { AccountId } from "../../domain/model.ts";
import { engineLimits } from "../engine-limits.ts";
import { VirtualTime } from "../testing/virtual-time.ts";
import { FailingPace } from "./failing-pace.ts";
import type { SlotUser } from "./slots.ts";

function userOf(account: number, started: SlotUser[], pace: FailingPace): SlotUser {
  const user: SlotUser = {
    accountId: account as AccountId,
    origin: "http://a",
    windowMax: 1,
    health: "suspect",
    resume: () => {
      if (pace.mayStart(user)) started.push(user);
    },
  };
  return user;
}

test("an account starts a bounded number of POSTs to failing endpoints in a second, each in turn", async () => {
  const time = new VirtualTime();
  const pace = new FailingPace({ clock: time, timers: time });
  const started: SlotUser[] = [];
  const users = Array.from({ length: 1_000 }, () => userOf(1, started, pace));
  const other: SlotUser[] = [];
  for (const user of users) user.resume();
  const rate = engineLimits.failingPerSecondMax;
  expect(started).toHaveLength(rate);
  await time.advance(2_000);
  expect(started.length).toBeGreaterThan(rate * 2.8);
  expect(started.length).toBeLessThanOrEqual(rate * 3);
  expect(new Set(started).size).toBe(started.length);
  userOf(2, other, pace).resume();
  expect(other).toHaveLength(1);
  for (const user of users) pace.forget(user);
  const before = started.length;
  await time.advance(2_000);
  expect(started).toHaveLength(before);
});
