import { expect, it } from "vitest";
import type { SubscriptionId } from "../../domain/model.ts";
import { engineLimits } from "../engine-limits.ts";
import { ExchangeSample } from "./exchange-sample.ts";

const { acceptedExchangeMs, failedExchangeMs, failedExchangesAtOnce, sampledSubscriptionsMax } = engineLimits;
const id = 7 as SubscriptionId;

it("Without samples, every attempt or none is taken.", () => {
  const sample = new ExchangeSample();
  for (const isAccepted of [true, false, true, false]) {
    expect(sample.takes(id, "all", isAccepted, 0)).toBe(true);
    expect(sample.takes(id, "none", isAccepted, 0)).toBe(false);
  }
});

it("Of accepted attempts the first is taken, and then one per interval.", () => {
  const sample = new ExchangeSample();
  const taken = [0, 1, acceptedExchangeMs - 1, acceptedExchangeMs, acceptedExchangeMs + 1].map((nowMs) =>
    sample.takes(id, "sampled", true, nowMs),
  );
  expect(taken).toEqual([true, false, false, true, false]);
});

it("Of failed attempts some are taken at once, and then one per interval, whatever else was accepted.", () => {
  const sample = new ExchangeSample();
  const count = (nowMs: number, attempts: number): number =>
    Array.from({ length: attempts }, () => sample.takes(id, "sampled", false, nowMs)).filter(Boolean).length;
  expect(sample.takes(id, "sampled", true, 0)).toBe(true);
  expect(count(0, 100)).toBe(failedExchangesAtOnce);
  expect(count(failedExchangeMs - 1, 100)).toBe(0);
  expect(count(3 * failedExchangeMs, 100)).toBe(3);
  expect(count(1_000 * failedExchangeMs, 100)).toBe(failedExchangesAtOnce);
});

it("Each subscription has samples of its own, and those that were sent to first are forgotten.", () => {
  const sample = new ExchangeSample();
  expect(sample.takes(id, "sampled", true, 0)).toBe(true);
  for (let other = 0; other < sampledSubscriptionsMax; other++) {
    expect(sample.takes((1_000 + other) as SubscriptionId, "sampled", true, 0)).toBe(true);
  }
  expect(sample.takes(id, "sampled", true, 0)).toBe(true);
});
