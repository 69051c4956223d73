import { expect, it } from "vitest";
import { limits } from "../../domain/limits.ts";
import { FailedAttempts } from "./failed-attempts.ts";

function attemptsAt(clock: { nowMs: number }) {
  const attempts = new FailedAttempts({ now: () => clock.nowMs });
  const fail = (address: string, times: number = limits.authFailuresMax) => {
    for (let i = 0; i < times; i++) attempts.failed(address);
  };
  const mayTry = (address: string): boolean => {
    try {
      attempts.assertMayTry(address);
      return true;
    } catch {
      return false;
    }
  };
  return { fail, mayTry };
}

it("addresses of one IPv6 network count as one client, and others do not", () => {
  const { fail, mayTry } = attemptsAt({ nowMs: 0 });
  fail("2001:db8:1:2:3:4:5:6");
  expect(["2001:db8:1:2::1", "2001:db8:1:2:ffff::"].map(mayTry)).toEqual([false, false]);
  expect(["2001:db8:1:3::1", "2001:db8::1", "::1", "::ffff:192.0.2.1", "192.0.2.1"].map(mayTry)).toEqual(
    Array.from({ length: 5 }, () => true),
  );
});

it("one failure is forgotten in each period", () => {
  const clock = { nowMs: 0 };
  const { fail, mayTry } = attemptsAt(clock);
  fail("192.0.2.1", 1000);
  expect(mayTry("192.0.2.1")).toBe(false);
  clock.nowMs += limits.authFailureForgottenMs;
  expect(mayTry("192.0.2.1")).toBe(true);
  fail("192.0.2.1", 1);
  expect(mayTry("192.0.2.1")).toBe(false);
});

it("remembers a bounded number of clients, the latest ones", () => {
  const { fail, mayTry } = attemptsAt({ nowMs: 0 });
  fail("first");
  for (let i = 0; i < limits.authSourcesMax; i++) fail(`client ${i}`, 1);
  expect(mayTry("first")).toBe(true);
});
