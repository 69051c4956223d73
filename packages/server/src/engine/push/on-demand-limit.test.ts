import { expect, it } from "vitest";
import { RingbackError } from "../../domain/errors.ts";
import type { AccountId } from "../../domain/model.ts";
import { engineLimits } from "../engine-limits.ts";
import { OnDemandLimit } from "./on-demand-limit.ts";

const { onDemandMax, onDemandPerAccountMax, onDemandPerSecondMax } = engineLimits;
const account = (id: number) => id as unknown as AccountId;
const done = async () => "done";
const hangs = () => new Promise<void>(() => {});

async function refusalOf(running: Promise<unknown>): Promise<RingbackError | null> {
  try {
    await running;
    return null;
  } catch (error) {
    if (error instanceof RingbackError) return error;
    throw error;
  }
}

it("allows an account a number of requests per second, and says when the next one may start", async () => {
  const clock = { nowMs: 0, now: () => clock.nowMs };
  const limit = new OnDemandLimit(clock);
  for (let i = 0; i < onDemandPerSecondMax; i++) expect(await limit.run(account(1), done)).toBe("done");
  const refused = await refusalOf(limit.run(account(1), done));
  expect([refused?.code, refused?.retryAfterS]).toEqual(["too_many_tests", 1]);
  expect(await limit.run(account(2), done)).toBe("done");
  clock.nowMs += 1000 / onDemandPerSecondMax;
  expect(await limit.run(account(1), done)).toBe("done");
});

it("allows an account a number of requests at a time, and all accounts together a larger one", async () => {
  const clock = { nowMs: 0, now: () => (clock.nowMs += 1000) };
  const limit = new OnDemandLimit(clock);
  const { promise, resolve } = Promise.withResolvers<void>();
  const first = limit.run(account(1), () => promise);
  for (let i = 1; i < onDemandPerAccountMax; i++) void limit.run(account(1), hangs);
  expect((await refusalOf(limit.run(account(1), hangs)))?.code).toBe("too_many_tests");
  for (let running = onDemandPerAccountMax; running < onDemandMax; running++) {
    void limit.run(account(2 + Math.floor(running / onDemandPerAccountMax)), hangs);
  }
  expect((await refusalOf(limit.run(account(99), hangs)))?.code).toBe("too_many_tests");
  resolve();
  await first;
  expect(await limit.run(account(1), done)).toBe("done");
});

it("counts a request that fails as ended", async () => {
  const clock = { nowMs: 0, now: () => (clock.nowMs += 1000) };
  const limit = new OnDemandLimit(clock);
  for (let i = 0; i < 2 * onDemandPerAccountMax; i++) {
    await expect(limit.run(account(1), () => Promise.reject(new RangeError("fault")))).rejects.toThrow(RangeError);
  }
});
