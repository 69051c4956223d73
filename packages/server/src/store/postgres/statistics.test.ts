import { expect, it } from "vitest";
import type { StoreStatistics } from "../records.ts";
import { postgresLimits } from "./postgres-limits.ts";
import { Statistics } from "./statistics.ts";

// Faked: the database. It answers when the test says so, and the answer is the number of the query.
class Database {
  reads = 0;
  readonly #answers: (() => void)[] = [];

  read(): Promise<StoreStatistics> {
    const statistics = { topics: ++this.reads } as StoreStatistics;
    return new Promise((resolve) => this.#answers.push(() => resolve(statistics)));
  }

  answer(): void {
    for (const answer of this.#answers.splice(0)) answer();
  }
}

it("shares one query among concurrent callers, and queries again when the query was fast", async () => {
  const database = new Database();
  const statistics = new Statistics(() => database.read());
  const both = [statistics.read(), statistics.read()];
  database.answer();
  expect((await Promise.all(both)).map(({ topics }) => topics)).toEqual([1, 1]);
  const next = statistics.read();
  database.answer();
  expect((await next).topics).toBe(2);
});

it("returns the result of a slow query again, so that queries take a small share of the time", async () => {
  const database = new Database();
  const clock = { ms: 0 };
  const statistics = new Statistics(
    () => database.read(),
    () => clock.ms,
  );
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
