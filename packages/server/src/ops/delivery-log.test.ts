/** Real: the log and its limits. Faked: the clock and the timers. */
import { describe, expect, it } from "vitest";
import { clockAt } from "../domain/testing/clock-at.ts";
import { engineLimits } from "../engine/engine-limits.ts";
import { outcomeOf, subscriptionOf } from "../engine/testing/delivery-outcomes.ts";
import { VirtualTime } from "../engine/testing/virtual-time.ts";
import { createDeliveryLog } from "./delivery-log.ts";
import { LimitedLog } from "./limited-log.ts";
import type { LogLevel } from "./log-levels.ts";
import { createTestLog } from "./testing/log-lines.ts";

const nowMs = Date.UTC(2026, 0, 31);
const refused = { verdict: "error", status: null, errorCode: "connect_refused", errorDetail: "127.0.0.1:9" } as const;
const parked = { kind: "parked", dueAtMs: nowMs + 60_000, retriesMade: 1 } as const;
const dead = { kind: "dead", reason: "retries_exhausted" } as const;

function createScene(level?: LogLevel) {
  const { log, lines } = createTestLog(level);
  const time = new VirtualTime();
  const accountNameOf = (id: number) => (id === 1 ? "default" : `account-${id}`);
  const deliveries = createDeliveryLog({ log: new LimitedLog(log, time), clock: clockAt(() => nowMs), accountNameOf });
  const failed = outcomeOf({ attempt: refused, settled: parked });
  return { deliveries, lines, failed, endWindow: () => time.advance(engineLimits.logWindowMs) };
}

describe("the log of deliveries", () => {
  it("has a line for each failed attempt, with the ids that an operator searches by", () => {
    const { deliveries, lines, failed } = createScene();
    deliveries.settled(failed);
    expect(lines()).toEqual([
      {
        level: "warn",
        time: expect.any(String),
        event: "attempt.failed",
        account: "default",
        topic: "orders",
        subscription: "mail",
        messageId: expect.stringMatching(/^\d+$/),
        attempt: 1,
        status: null,
        errorCode: "connect_refused",
        errorDetail: "127.0.0.1:9",
        durationMs: 20,
        nextAttemptAt: "2026-01-31T00:01:00.000Z",
        msg: "an attempt to deliver a message failed",
      },
    ]);
  });

  it("has a line for the last attempt and one for its dead letter", () => {
    const { deliveries, lines, failed } = createScene();
    deliveries.settled({ ...failed, settled: dead });
    deliveries.settled({ ...failed, attempt: null, settled: { kind: "dead", reason: "receives_exhausted" } });
    expect(lines()).toMatchObject([
      { event: "attempt.failed", nextAttemptAt: null },
      { event: "delivery.dead", reason: "retries_exhausted", errorCode: "connect_refused", attempt: 1 },
      { event: "delivery.dead", reason: "receives_exhausted", messageId: expect.any(String) },
    ]);
  });

  it("shows successes only at the level debug", () => {
    const at = (level: LogLevel) => {
      const { deliveries, lines } = createScene(level);
      deliveries.settled(outcomeOf());
      return lines();
    };
    expect(at("info")).toEqual([]);
    expect(at("debug")).toMatchObject([{ level: "debug", event: "attempt.accepted", status: 200, attempt: 1 }]);
  });

  it("names disabled subscriptions and expired messages", () => {
    const { deliveries, lines } = createScene();
    const subscription = subscriptionOf("orders", "mail");
    deliveries.disabled(subscription, { atMs: nowMs, reason: "gone", messageId: "12" as never, attempt: 3 });
    deliveries.expired(subscription, 9);
    expect(lines()).toMatchObject([
      { level: "warn", event: "subscription.disabled", subscription: "mail", messageId: "12", attempt: 3 },
      { level: "warn", event: "delivery.expired", subscription: "mail", count: 9 },
    ]);
  });
});

describe("the limits of the log", () => {
  it("turn 10,000 failures of one endpoint into a few lines and a count", async () => {
    const { deliveries, lines, failed, endWindow } = createScene();
    for (let i = 0; i < 10_000; i++) deliveries.settled(failed);
    await endWindow();
    const max = engineLimits.logLinesPerSourceMax;
    expect(lines()).toHaveLength(max + 1);
    expect(lines().at(-1)).toMatchObject({
      level: "warn",
      event: "lines.left_out",
      of: "attempt.failed",
      topic: "orders",
      subscription: "mail",
      count: 10_000 - max,
    });
    deliveries.settled(failed);
    expect(lines()).toHaveLength(max + 2);
  });

  it("leave room for other kinds and other subscriptions of the same account", () => {
    const { deliveries, lines, failed } = createScene();
    for (let i = 0; i < 100; i++) deliveries.settled(failed);
    deliveries.settled({ ...failed, subscription: subscriptionOf("orders", "other", 2) });
    deliveries.settled({ ...failed, settled: dead });
    const seen = lines().slice(engineLimits.logLinesPerSourceMax);
    expect(seen).toMatchObject([{ event: "attempt.failed", subscription: "other" }, { event: "delivery.dead" }]);
  });

  it("leave room for other accounts, and bound the lines and the counts of 5,000 failing subscriptions", async () => {
    const { deliveries, lines, failed, endWindow } = createScene();
    for (let id = 1; id <= 5_000; id++) {
      deliveries.settled({ ...failed, subscription: subscriptionOf("orders", `s${id}`, id) });
    }
    expect(lines()).toHaveLength(engineLimits.logLinesPerAccountMax);
    await endWindow();
    const counts = lines().slice(engineLimits.logLinesPerAccountMax);
    expect(counts).toHaveLength(engineLimits.logLeftOutLinesMax + 1);
    const total = counts.reduce((sum, { count }) => sum + Number(count), 0);
    expect(total).toBe(5_000 - engineLimits.logLinesPerAccountMax);

    for (let id = 1; id <= 500; id++) {
      deliveries.settled({ ...failed, subscription: subscriptionOf("orders", `s${id}`, id) });
    }
    const others = { ...subscriptionOf("orders", "theirs", 9_999), accountId: 2 as never };
    deliveries.settled({ ...failed, subscription: others });
    expect(lines().at(-1)).toMatchObject({ account: "account-2", subscription: "theirs" });
  });
});
