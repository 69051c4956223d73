import { expect, test } from "vitest";
import { transportLimits } from "./limits.ts";
import { NameCache, type NameCacheOptions, systemResolver } from "./name-cache.ts";
import { ManualTime } from "./testing/manual-time.ts";

// Faked: the resolver. Each lookup waits until the test answers it.
function start(options: Partial<NameCacheOptions> = {}) {
  const time = new ManualTime();
  const asked: { name: string; answer: (addresses: readonly string[] | null) => void }[] = [];
  const cache = new NameCache({
    clock: time,
    resolver: (name, done) => {
      asked.push({
        name,
        answer: (addresses) => (addresses === null ? done(new Error("not found"), []) : done(null, addresses)),
      });
    },
    ...options,
  });
  const heard: (readonly string[] | null)[] = [];
  const look = (name: string) => cache.lookup(name, (addresses) => heard.push(addresses));
  const names = () => asked.map((question) => question.name);
  return { time, asked, cache, heard, look, names };
}

test("concurrent requests for one name share one lookup", () => {
  const { asked, heard, look } = start();
  look("a.test");
  look("a.test");
  expect(asked).toHaveLength(1);
  asked[0]?.answer(["192.0.2.1"]);
  expect(heard).toEqual([["192.0.2.1"], ["192.0.2.1"]]);
});

test("a fresh result needs no lookup, a stale one is used during a new lookup, and an old one is not used", () => {
  const { time, asked, heard, look } = start();
  look("a.test");
  asked[0]?.answer(["192.0.2.1"]);

  time.advance(transportLimits.nameFreshMs - 1);
  look("a.test");
  expect(asked).toHaveLength(1);

  time.advance(1);
  look("a.test");
  look("a.test");
  expect(heard).toHaveLength(4);
  expect(asked).toHaveLength(2);
  asked[1]?.answer(["192.0.2.2"]);
  look("a.test");
  expect(heard.at(-1)).toEqual(["192.0.2.2"]);

  time.advance(transportLimits.nameStaleMsMax);
  look("a.test");
  expect(heard).toHaveLength(5);
  asked[2]?.answer(["192.0.2.3"]);
  expect(heard.at(-1)).toEqual(["192.0.2.3"]);
});

test("a failed lookup is not repeated for a second", () => {
  const { time, asked, heard, look } = start();
  look("a.test");
  asked[0]?.answer(null);
  look("a.test");
  expect(heard).toEqual([null, null]);
  expect(asked).toHaveLength(1);
  time.advance(transportLimits.nameFailedMs);
  look("a.test");
  expect(asked).toHaveLength(2);
});

test("a result without addresses is a failure", () => {
  const { asked, heard, look } = start();
  look("a.test");
  asked[0]?.answer([]);
  expect(heard).toEqual([null]);
});

test("while the resolver fails, the last good result is used, and the lookup is repeated once a second", () => {
  const { time, asked, heard, look } = start();
  look("a.test");
  asked[0]?.answer(["192.0.2.1"]);
  time.advance(transportLimits.nameFreshMs);
  look("a.test");
  asked[1]?.answer(null);
  look("a.test");
  expect(asked).toHaveLength(2);
  expect(heard.at(-1)).toEqual(["192.0.2.1"]);
  time.advance(transportLimits.nameFailedMs);
  look("a.test");
  expect(asked).toHaveLength(3);
  time.advance(transportLimits.nameStaleMsMax);
  asked[2]?.answer(null);
  look("a.test");
  expect(heard.at(-1)).toBeNull();
});

test("the addresses of an unreachable name are used once more and looked up again", () => {
  const { time, asked, cache, look } = start();
  look("a.test");
  asked[0]?.answer(["192.0.2.1"]);
  cache.unreachable("a.test");
  cache.unreachable("unknown.test");
  look("a.test");
  expect(asked).toHaveLength(1);
  time.advance(transportLimits.nameFailedMs);
  look("a.test");
  expect(asked).toHaveLength(2);
});

test("a limited number of lookups runs at a time, and the others wait in order", () => {
  const { asked, look, names } = start({ lookupsInFlightMax: 2 });
  for (const name of ["a", "b", "c", "d"]) look(name);
  expect(names()).toEqual(["a", "b"]);
  asked[1]?.answer(null);
  expect(names()).toEqual(["a", "b", "c"]);
});

test("a waiting lookup without listeners is not made", () => {
  const { asked, heard, look, names } = start({ lookupsInFlightMax: 1 });
  look("a");
  const cancel = look("b");
  look("c");
  cancel();
  asked[0]?.answer(["192.0.2.1"]);
  expect(names()).toEqual(["a", "c"]);
  asked[1]?.answer(["192.0.2.3"]);
  expect(heard).toHaveLength(2);
});

test("past the limit of waiting lookups the result is null", () => {
  const { heard, look } = start({ lookupsInFlightMax: 1, lookupsWaitingMax: 2 });
  for (const name of ["a", "b", "c", "d"]) look(name);
  expect(heard).toEqual([null]);
});

test("the least recently used name is removed at the limit", () => {
  const { asked, cache, look, names } = start({ namesMax: 2 });
  for (const [index, name] of ["a", "b"].entries()) {
    look(name);
    asked[index]?.answer(["192.0.2.1"]);
  }
  look("a");
  look("c");
  asked[2]?.answer(["192.0.2.1"]);
  expect(cache.size).toBe(2);
  look("a");
  expect(names()).toEqual(["a", "b", "c"]);
  look("b");
  expect(names()).toEqual(["a", "b", "c", "b"]);
});

test("a resolver may answer during the call", () => {
  const { heard, look } = start({ resolver: (_name, done) => done(null, ["192.0.2.1"]) });
  look("a");
  look("a");
  expect(heard).toEqual([["192.0.2.1"], ["192.0.2.1"]]);
});

function resolve(name: string): Promise<readonly string[] | "failed"> {
  return new Promise((done) => systemResolver(name, (error, addresses) => done(error === null ? addresses : "failed")));
}

test("the system's resolver resolves localhost, and fails for a name that cannot exist", async () => {
  expect(await resolve("localhost")).toEqual(expect.arrayContaining([expect.stringMatching(/^(127\.0\.0\.1|::1)$/)]));
  expect(await resolve("x".repeat(300))).toBe("failed");
});
