import { beforeEach, expect, it } from "vitest";
import type { Attempt, Subscription } from "../../domain/model.ts";
import { systemTimers } from "../../domain/ports.ts";
import { clockAt } from "../../domain/testing/clock-at.ts";
import type { ExchangeLimits, ExchangeRow } from "../../store/exchanges.ts";
import type { PostResult } from "../../transport/port.ts";
import type { DeliveryOutcome } from "../delivery-outcome.ts";
import { engineLimits } from "../engine-limits.ts";
import { Recording } from "../push/recording.ts";
import { ExchangeKeeper } from "./exchange-keeper.ts";

// Faked: the store and the timers.
const day = 86_400_000;
let written: ExchangeRow[][];
let trims: ExchangeLimits[];
let tasks: { readonly delayMs: number; readonly task: () => void }[];
let failures: unknown[];
let retentionMs: number | null;
let keeper: ExchangeKeeper;

beforeEach(() => {
  [written, trims, tasks, failures, retentionMs] = [[], [], [], [], 10 * day];
  const store = {
    catalog: { getTopic: async () => (retentionMs === null ? null : { settings: { retentionMs } }) },
    exchanges: {
      write: async (rows: readonly ExchangeRow[]) => void written.push([...rows]),
      trim: async (limits: ExchangeLimits) => trims.push(limits) === 1,
    },
  };
  keeper = new ExchangeKeeper({
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only these members are used
    store: store as never,
    clock: clockAt(() => 5_000),
    timers: { ...systemTimers, after: (delayMs, task) => (tasks.push({ delayMs, task }), () => undefined) },
    bytesMax: 77,
    retentionMs: 7 * day,
    failed: (error) => failures.push(error),
  });
});

const push = { url: "http://a/", headers: {}, keepExchanges: "all" };
const result: PostResult = { durationMs: 1, error: null, status: 500, headers: {}, body: Buffer.from("no") };

function settled(body = "hi"): void {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only these members are used
  const recording = new Recording(push as never);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
  recording.observed({ origin: "http://a", path: "/" } as never, ["A", "b"], Buffer.from(body));
  recording.result = result;
  const attempt: Partial<Attempt> = { attempt: 2, startedAtMs: 4_000, verdict: "failed" };
  const subscription = { id: 3, accountId: 4, topic: "orders", settings: { push } };
  const outcome = { subscription, message: { seq: 9 }, push: { recording }, attempt };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
  keeper.settled(outcome as unknown as DeliveryOutcome & { readonly subscription: Subscription });
}

it("What waits is written together, and expires with its topic or after the retention of attempts.", async () => {
  settled();
  settled();
  expect(tasks.map(({ delayMs }) => delayMs)).toEqual([engineLimits.exchangesWrittenMs]);
  await keeper.flush();
  const row = { accountId: 4, subscriptionId: 3, seq: 9, attempt: 2, startedAtMs: 4_000 };
  expect(written).toMatchObject([[row, { ...row, expiresAtMs: 4_000 + 7 * day }]]);
  retentionMs = day;
  settled();
  await keeper.flush();
  expect(written[1]).toMatchObject([{ expiresAtMs: 4_000 + day }]);
  retentionMs = null;
  settled();
  await keeper.flush();
  expect([written.length, failures]).toEqual([2, []]);
});

it("Only so many bytes wait.", async () => {
  const body = "x".repeat(60_000);
  for (let count = 0; count < 200; count++) settled(body);
  await keeper.stop();
  const [rows = []] = written;
  const bytes = rows.reduce((sum, { requestBody }) => sum + requestBody.byteLength, 0);
  expect(rows.length).toBeGreaterThan(10);
  expect(bytes).toBeLessThan(engineLimits.exchangeBytesWaitingMax + body.length);
});

it("What is old or too much is deleted in steps, again and again.", async () => {
  keeper.start();
  tasks[0]?.task();
  await keeper.flush();
  expect(trims.map(({ bytesMax }) => bytesMax)).toEqual([77, 77]);
  expect(tasks.map(({ delayMs }) => delayMs)).toEqual(Array(2).fill(engineLimits.exchangesTrimmedMs));
});
