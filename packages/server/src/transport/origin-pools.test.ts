import { expect, test } from "vitest";
import type { Connection } from "./connection.ts";
import { ConnectionBudget } from "./connection-budget.ts";
import { type OriginPool, OriginPools, type PooledPost } from "./origin-pool.ts";

// Faked: the network, where no connection ever opens, and the POSTs.
class Post implements PooledPost {
  readonly mayReuse = true;
  isFinished = false;
  connection: Connection | null = null;
  error: string | null = null;
  readonly #pool: OriginPool | null;

  constructor(pool: OriginPool | null) {
    this.#pool = pool;
    pool?.start(this);
  }

  run(connection: Connection): void {
    this.connection = connection;
  }

  finish(error: string | null = null): void {
    this.error = error;
    this.isFinished = true;
    this.#pool?.finish(this, this.connection, false);
  }
}

function start(connectionsMax: number, connectionsPerOriginMax: number): OriginPools {
  return new OriginPools({
    connect: () => () => {},
    budget: new ConnectionBudget(connectionsMax),
    connectionsPerOriginMax,
    keepAliveMs: 1_000,
  });
}

test("a pool ends with its last POST, so that a thousand dead origins use no memory", () => {
  const pools = start(10, 10);
  for (let index = 0; index < 1_000; index++) new Post(pools.of({ origin: `http://host-${index}.test` })).finish();
  expect(pools.size).toBe(0);
});

test("a POST that fails at the limit leaves no pool", () => {
  const pools = start(1, 1);
  const first = new Post(pools.of({ origin: "http://a.test" }));
  const second = new Post(pools.of({ origin: "http://b.test" }));
  expect(second.error).toBe("connect_failed");
  expect(pools.size).toBe(1);
  first.finish();
  expect(pools.size).toBe(0);
});

test("a free connection goes to the POST that waited longest and has not ended", () => {
  const pools = start(10, 1);
  const posts = Array.from({ length: 4 }, () => new Post(pools.of({ origin: "http://a.test" })));
  const gotOne = () => posts.map((post) => post.connection !== null);
  expect(gotOne()).toEqual([true, false, false, false]);
  const [first, second, third] = posts;
  if (second !== undefined) second.isFinished = true;
  first?.finish();
  expect(gotOne()).toEqual([true, false, true, false]);
  third?.finish();
  expect(gotOne()).toEqual([true, false, true, true]);
});

test("a text that is not an origin has no pool", () => {
  expect(start(1, 1).of({ origin: "nonsense" })).toBeNull();
});
