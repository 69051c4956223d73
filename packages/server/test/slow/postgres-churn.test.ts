/**
 * Real: PostgreSQL with autovacuum and statistics, the stores of two nodes in this process. Faked: the time. A week
 * passes.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Churn, hotShare, hotTables, type TableFigures } from "../../src/store/postgres/testing/churn.ts";
import { PostgresServer } from "../../src/store/postgres/testing/postgres-server.ts";
import { until } from "../harness/until.ts";

let server: PostgresServer;
beforeAll(async () => void (server = await PostgresServer.start()));
afterAll(() => server.stop());

/**
 * Rounds before the measurement, longer than the longest retention. After these rounds, retention removes as many rows
 * as are added.
 */
const WARM_ROUNDS = 80;
const WINDOW_ROUNDS = 200;
const MEASURED_ROUNDS = 5;
/**
 * By table, the least share of updates that change no index (PostgreSQL's HOT updates). In topic_log the share is
 * lower, because retention changes the only indexed column, in this test after every two publishes.
 */
const hotShareMin = { subscription_cursor: 0.9, topic_log: 0.6, claim: 0.9 } as const;
/** A larger ratio between two samples of a size counts as growth. Sizes vary a little although nothing grows. */
const GROWTH_MAX = 1.3;
/** A difference of a page or two in a small table does not count as growth. */
const SMALL_BYTES = 256 * 1024;
/**
 * The most dead rows of a table: twice as many as those at which autovacuum begins by default, because more rows die
 * while autovacuum works.
 */
const deadMax = ({ live }: TableFigures): number => 2 * (50 + 0.2 * live);

type Sizes = Map<string, number>;

/**
 * Returns the name of the table to which a partition belongs. Partitions are created and dropped, so only the sum of a
 * table's partitions is compared.
 */
function tableOf(name: string): string {
  return name.replace(/^(message|attempt)_(\d+|first)$/, "$1");
}

function keepLargest(sizes: Sizes, figures: readonly TableFigures[]): void {
  const now: Sizes = new Map();
  for (const { table: name, heapBytes, indexBytes } of figures) {
    const table = tableOf(name);
    now.set(`${table}, rows`, (now.get(`${table}, rows`) ?? 0) + heapBytes);
    now.set(`${table}, indexes`, (now.get(`${table}, indexes`) ?? 0) + indexBytes);
  }
  for (const [what, bytes] of now) sizes.set(what, Math.max(sizes.get(what) ?? 0, bytes));
}

test("days of publishing, failing, retrying, dying, redriving and retention leave nothing that grows", async () => {
  const churn = await Churn.start(server);
  const rounds = async (count: number, after: () => Promise<void> = async () => {}): Promise<void> => {
    for (let round = 0; round < count; round++) {
      await churn.round();
      await churn.retain();
      await after();
    }
  };
  const measure = async (sizes: Sizes): Promise<void> => keepLargest(sizes, await churn.figures());

  await rounds(WARM_ROUNDS);
  const pagesBefore = await churn.pagesPerMessage(MEASURED_ROUNDS);
  const [first, second]: [Sizes, Sizes] = [new Map(), new Map()];
  await rounds(WINDOW_ROUNDS, () => measure(first));
  await rounds(WINDOW_ROUNDS, () => measure(second));
  const pagesAfter = await churn.pagesPerMessage(MEASURED_ROUNDS);
  const figures = await churn.finalFigures();

  for (const table of hotTables) {
    const share = hotShare(figures, table);
    expect({ table, share }).toSatisfy(() => share > hotShareMin[table]);
  }
  expect(pagesAfter).toBeLessThan(pagesBefore * GROWTH_MAX);
  const grown = [...second].filter(([what, bytes]) => bytes > (first.get(what) ?? 0) * GROWTH_MAX + SMALL_BYTES);
  expect(grown).toEqual([]);
  await until(
    "autovacuum has been everywhere",
    () => churn.figures(),
    (now) => now.every((each) => each.dead <= deadMax(each)),
  );
  await churn.dispose();
});
