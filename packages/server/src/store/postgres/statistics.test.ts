import { expect, it } from "vitest";
import type { ConnectionPool } from "./database.ts";
import { postgresLimits } from "./postgres-limits.ts";
import { Statistics } from "./statistics.ts";
import { Times } from "./times.ts";

// Faked: the database, which answers when it is told to, with the number of the question.
class Database {
  reads = 0;
  readonly #answers: (() => void)[] = [];

  query(): Promise<readonly object[]> {
    const topics = ++this.reads;
    const rest = { subscriptions: 0, ahead: 0, back: 0, parked: 0, open_parked: 0, in_flight: 0, dead: 0, bytes: 0 };
    return new Promise((resolve) => this.#answers.push(() => resolve([{ topics, ...rest }])));
  }

  answer(): void {
    for (const answer of this.#answers.splice(0)) answer();
  }
}

it("asks once for all who ask meanwhile, and anew when the answer came quickly", async () => {
  const database = new Database();
  const statistics = new Statistics(database as unknown as ConnectionPool, new Times(null));
  const both = [statistics.read(), statistics.read()];
  database.answer();
  expect((await Promise.all(both)).map(({ topics }) => topics)).toEqual([1, 1]);
  const next = statistics.read();
  database.answer();
  expect((await next).topics).toBe(2);
});

it("gives an answer that took long again, so that asking stays a small share of the time", async () => {
  const database = new Database();
  const clock = { ms: 0 };
  const statistics = new Statistics(database as unknown as ConnectionPool, new Times(null), () => clock.ms);
  const first = statistics.read();
  const tookMs = postgresLimits.statisticsMsLong + 1;
  clock.ms = tookMs;
  database.answer();
  expect((await first).topics).toBe(1);
  clock.ms += tookMs / postgresLimits.statisticsShareMax - 1;
  expect((await statistics.read()).topics).toBe(1);
  clock.ms += 1;
  const next = statistics.read();
  database.answer();
  expect((await next).topics).toBe(2);
});
