import { expect, test } from "vitest";
import { transportLimits } from "./limits.ts";
import { NameCache, type NameCacheOptions, systemResolver } from "./name-cache.ts";
import { ManualTime } from "./testing/manual-time.ts";

// Faked: the resolver. Each lookup waits until the test answers it.
function start(options: Partial<NameCacheOptions> = {}) {
  const time = new ManualTime();
  const lookups: { name: string; answer: (addresses: readonly string[] | null) => void }[] = [];
  const cache = new NameCache({
    clock: time,
    resolver: (name, done) => {
      lookups.push({
        name,
        answer: (addresses) => (addresses === null ? done(new Error("not found"), []) : done(null, addresses)),
      });
    },
    ...options,
  });
  const results: (readonly string[] | null)[] = [];
  const lookUp = (name: string) => cache.lookup(name, (addresses) => results.push(addresses));
  const names = () => lookups.map(({ name }) => name);
  return { time, lookups, cache, results, lookUp, names };
}

test("concurrent requests for one name share one lookup", () => {
  const { lookups, results, lookUp } = start();
  lookUp("a.test");
  lookUp("a.test");
  expect(lookups).toHaveLength(1);
  lookups[0]?.answer(["192.0.2.1"]);
  expect(results).toEqual([["192.0.2.1"], ["192.0.2.1"]]);
});

test("a fresh result needs no lookup, a stale one is used during a new lookup, and an old one is not used", () => {
  const { time, lookups, results, lookUp } = start();
  lookUp("a.test");
  lookups[0]?.answer(["192.0.2.1"]);

  time.advance(transportLimits.nameFreshMs - 1);
  lookUp("a.test");
  expect(lookups).toHaveLength(1);

  time.advance(1);
  lookUp("a.test");
  lookUp("a.test");
  expect(results).toHaveLength(4);
  expect(lookups).toHaveLength(2);
  lookups[1]?.answer(["192.0.2.2"]);
  lookUp("a.test");
  expect(results.at(-1)).toEqual(["192.0.2.2"]);

  time.advance(transportLimits.nameStaleMsMax);
  lookUp("a.test");
  expect(results).toHaveLength(5);
  lookups[2]?.answer(["192.0.2.3"]);
  expect(results.at(-1)).toEqual(["192.0.2.3"]);
});

test("a failed lookup is not repeated for a second", () => {
  const { time, lookups, results, lookUp } = start();
  lookUp("a.test");
  lookups[0]?.answer(null);
  lookUp("a.test");
  expect(results).toEqual([null, null]);
  expect(lookups).toHaveLength(1);
  time.advance(transportLimits.nameFailedMs);
  lookUp("a.test");
  expect(lookups).toHaveLength(2);
});

test("a result without addresses is a failure", () => {
  const { lookups, results, lookUp } = start();
  lookUp("a.test");
  lookups[0]?.answer([]);
  expect(results).toEqual([null]);
});

test("while the resolver fails, the last good result is used, and the lookup is repeated once a second", () => {
  const { time, lookups, results, lookUp } = start();
  lookUp("a.test");
  lookups[0]?.answer(["192.0.2.1"]);
  time.advance(transportLimits.nameFreshMs);
  lookUp("a.test");
  lookups[1]?.answer(null);
  lookUp("a.test");
  expect(lookups).toHaveLength(2);
  expect(results.at(-1)).toEqual(["192.0.2.1"]);
  time.advance(transportLimits.nameFailedMs);
  lookUp("a.test");
  expect(lookups).toHaveLength(3);
  time.advance(transportLimits.nameStaleMsMax);
  lookups[2]?.answer(null);
  lookUp("a.test");
  expect(results.at(-1)).toBeNull();
});

test("the addresses of an unreachable name are used once more and looked up again", () => {
  const { time, lookups, cache, lookUp } = start();
  lookUp("a.test");
  lookups[0]?.answer(["192.0.2.1"]);
  cache.unreachable("a.test");
  cache.unreachable("unknown.test");
  lookUp("a.test");
  expect(lookups).toHaveLength(1);
  time.advance(transportLimits.nameFailedMs);
  lookUp("a.test");
  expect(lookups).toHaveLength(2);
});

test("a limited number of lookups runs at a time, and the others wait in order", () => {
  const { lookups, lookUp, names } = start({ lookupsInFlightMax: 2 });
  for (const name of ["a", "b", "c", "d"]) lookUp(name);
  expect(names()).toEqual(["a", "b"]);
  lookups[1]?.answer(null);
  expect(names()).toEqual(["a", "b", "c"]);
});

test("a waiting lookup without listeners is not made", () => {
  const { lookups, results, lookUp, names } = start({ lookupsInFlightMax: 1 });
  lookUp("a");
  const cancel = lookUp("b");
  lookUp("c");
  cancel();
  lookups[0]?.answer(["192.0.2.1"]);
  expect(names()).toEqual(["a", "c"]);
  lookups[1]?.answer(["192.0.2.3"]);
  expect(results).toHaveLength(2);
});

test("past the limit of waiting lookups the result is null", () => {
  const { results, lookUp } = start({ lookupsInFlightMax: 1, lookupsWaitingMax: 2 });
  for (const name of ["a", "b", "c", "d"]) lookUp(name);
  expect(results).toEqual([null]);
});

test("the least recently used name is removed at the limit", () => {
  const { lookups, cache, lookUp, names } = start({ namesMax: 2 });
  for (const [index, name] of ["a", "b"].entries()) {
    lookUp(name);
    lookups[index]?.answer(["192.0.2.1"]);
  }
  lookUp("a");
  lookUp("c");
  lookups[2]?.answer(["192.0.2.1"]);
  expect(cache.size).toBe(2);
  lookUp("a");
  expect(names()).toEqual(["a", "b", "c"]);
  lookUp("b");
  expect(names()).toEqual(["a", "b", "c", "b"]);
});

test("a resolver may answer during the call", () => {
  const { results, lookUp } = start({ resolver: (_name, done) => done(null, ["192.0.2.1"]) });
  lookUp("a");
  lookUp("a");
  expect(results).toEqual([["192.0.2.1"], ["192.0.2.1"]]);
});

function resolve(name: string): Promise<readonly string[] | "failed"> {
  return new Promise((done) => systemResolver(name, (error, addresses) => done(error === null ? addresses : "failed")));
}

test("the system's resolver resolves localhost, and fails for a name that cannot exist", async () => {
  expect(await resolve("localhost")).toEqual(expect.arrayContaining([expect.stringMatching(/^(127\.0\.0\.1|::1)$/)]));
  expect(await resolve("x".repeat(300))).toBe("failed");
});
