import * as fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { matches } from "../../domain/filter.ts";
import { routePattern } from "./route-patterns.ts";
import { PostgresServer } from "./testing/postgres-server.ts";

// Real: PostgreSQL, the filter of the domain. The test compares their results.
let server: PostgresServer;
beforeAll(async () => void (server = await PostgresServer.start()));
afterAll(() => server.stop());

const word = fc.constantFrom("", "a", "b", "ab", "é", "x-1", "$", "(a|b)", "\\d", "[a]", "a+", "a{2}", "^", "_");
const key = fc.array(word, { maxLength: 5 }).map((words) => words.join("."));
const typePattern = fc
  .array(fc.oneof(word, fc.constantFrom("*", "#")), { maxLength: 5 })
  .map((words) => words.join("."));

it("judges type patterns exactly as the domain's filter does", async () => {
  const cases = fc.sample(fc.tuple(typePattern, key), { numRuns: 4_000, seed: 20_261_121 });
  const rows = await server.query<{ fits: boolean }>(
    `SELECT CASE route WHEN '' THEN '' ELSE '.' || route END ~ pattern AS fits
       FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS c (route, pattern, place) ORDER BY place`,
    [cases.map(([, route]) => route), cases.map(([binding]) => routePattern(binding))],
  );
  const expected = cases.map(([binding, type]) => matches({ tags: [], types: [binding] }, { tags: [], type }));
  const wrong = cases.filter((_, index) => rows[index]?.fits !== expected[index]);
  expect(wrong).toEqual([]);
  expect(expected.filter(Boolean).length).toBeGreaterThan(200);
});
