/** Real: the judge of the load tests. Faked: the reports of receivers. */
import { expect, it } from "vitest";
import type { ReceiverReport } from "./receivers.ts";
import { judge } from "./verdict.ts";

const visibilityMs = 2_000;

function received(life: number, requestedAtMs: number, answeredAtMs: number, dequeueCount: number): ReceiverReport {
  const nextVisibleTime = Math.floor((answeredAtMs + visibilityMs) / 1000);
  return { event: "received", id: "1", body: "one", requestedAtMs, answeredAtMs, nextVisibleTime, dequeueCount, life };
}

const deleting = (life: number): ReceiverReport => ({ event: "deleting", id: "1", life });
const deleted = (life: number, atMs: number): ReceiverReport => ({ event: "deleted", id: "1", code: 0, atMs, life });

function verdict(reports: readonly ReceiverReport[], killed: readonly number[] = []) {
  return judge({ sent: new Map([["one", "1"]]), reports, killed: new Set(killed), visibilityMs });
}

it("finds nothing wrong with a message that was received and deleted once", () => {
  const { lost, early, strange, cameBack } = verdict([received(0, 1000, 1010, 1), deleting(0), deleted(0, 1020)]);
  expect({ lost, early, strange, cameBack }).toEqual({ lost: [], early: [], strange: [], cameBack: 0 });
});

it("finds a message that was never deleted, unless the receiver that was about to delete it was killed", () => {
  expect(verdict([]).lost).toEqual(["1"]);
  expect(verdict([received(0, 1000, 1010, 1), deleting(0)]).lost).toEqual(["1"]);
  expect(verdict([received(0, 1000, 1010, 1), deleting(0)], [0]).lost).toEqual([]);
});

it("finds a message that came to a second receiver before its time was up", () => {
  const inTime = [received(0, 1000, 1010, 1), received(1, 1500, 3100, 2), deleted(1, 3200)];
  expect(verdict(inTime).early).toEqual([]);
  const tooEarly = [received(0, 1000, 1010, 1), received(1, 1500, 2500, 2), deleted(1, 3200)];
  expect(verdict(tooEarly).early).toEqual(["1 came 500 ms too early"]);
});

it("finds a message that came again after it was deleted", () => {
  const reports = [received(0, 1000, 1010, 1), deleted(0, 1020), received(1, 5000, 5010, 2)];
  expect(verdict(reports).early).toEqual(["1 came after it was deleted"]);
});

it("finds the body of another message, a receive count that does not grow, and an unexpected answer", () => {
  const reports: ReceiverReport[] = [
    { ...received(0, 1000, 1010, 1), body: "other" } as ReceiverReport,
    received(1, 5000, 5010, 1),
    deleted(1, 5020),
    { event: "unexpected", answer: "HTTP 500", life: 2 },
  ];
  expect(verdict(reports).strange).toHaveLength(3);
});

it("measures the delay until a message is received again after its receiver was killed", () => {
  const { cameBack, cameBackAfterMsMax } = verdict(
    [received(0, 1000, 1010, 1), received(1, 5000, 5500, 2), deleted(1, 6000)],
    [0],
  );
  expect([cameBack, cameBackAfterMsMax]).toEqual([1, 1500]);
});
