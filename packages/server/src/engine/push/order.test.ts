import { describe, expect, test } from "vitest";
import { Simulation, bodyOf } from "../testing/simulation.ts";
import type { Post } from "../testing/scripted-transport.ts";

const encoder = new TextEncoder();
const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index));
const keyed = (key: string | null, text: string) => ({ body: encoder.encode(text), orderingKey: key });
const keyOf = (post: Post): string | null => post.headers["ringback-ordering-key"] ?? null;

/** The largest number of POSTs that were in flight at one time. */
function sideBySideMax(posts: readonly Post[]): number {
  return Math.max(
    ...posts.map(
      (post) =>
        posts.filter(
          (other) => other.startedAtMs <= post.startedAtMs && (other.endedAtMs ?? Infinity) > post.startedAtMs,
        ).length,
    ),
  );
}

describe("order strict", () => {
  test("keeps the order of the log and never has two POSTs in flight", async () => {
    const simulation = await Simulation.started();
    const topic = await simulation.topic();
    await simulation.subscribe(topic, "one", { order: "strict", script: { status: 200, afterMs: 10 } });
    await simulation.publish(topic, ...numbers(200));
    await simulation.time.advance(2_200);
    expect(simulation.posts.map(bodyOf)).toEqual(numbers(200));
    expect(sideBySideMax(simulation.posts)).toBe(1);
  });

  test("holds all later messages while the first one fails, and continues when it succeeds", async () => {
    const simulation = await Simulation.started();
    const topic = await simulation.topic();
    await simulation.subscribe(topic, "one", {
      order: "strict",
      retry: { delaysMs: [1_000, 2_000, 4_000] },
      script: (post) => ({
        status: bodyOf(post) === "1" && post.headers["ringback-attempt"] !== "4" ? 500 : 200,
        afterMs: 10,
      }),
    });
    await simulation.publish(topic, ...numbers(4));
    await simulation.time.advance(30_000);
    expect(simulation.posts.map(bodyOf)).toEqual(["0", "1", "1", "1", "1", "2", "3"]);
  });

  test("continues with the later messages when the first one becomes a dead letter", async () => {
    const simulation = await Simulation.started();
    const topic = await simulation.topic();
    const subscription = await simulation.subscribe(topic, "one", {
      order: "strict",
      retry: { delaysMs: [1_000] },
      script: (post) => ({ status: bodyOf(post) === "0" ? 500 : 200, afterMs: 10 }),
    });
    await simulation.publish(topic, ...numbers(3));
    await simulation.time.advance(30_000);
    expect(simulation.posts.map(bodyOf)).toEqual(["0", "0", "1", "2"]);
    expect((await simulation.counts(subscription)).deadLetters).toBe(1);
  });

  test("does not poll the store while a due delivery waits for the one in flight", async () => {
    const simulation = await Simulation.started();
    const topic = await simulation.topic();
    const subscription = await simulation.subscribe(topic, "one", {
      order: "strict",
      retry: "none",
      script: { status: 500, afterMs: 10 },
    });
    await simulation.publish(topic, ...numbers(5));
    await simulation.time.advance(1_000);
    simulation.script("http://one.test", "hang");
    let claims = 0;
    const claim = simulation.store.log.claim.bind(simulation.store);
    simulation.store.log.claim = (...args) => {
      claims++;
      return claim(...args);
    };
    await simulation.store.records.redriveDeadLetters(subscription.id, null);
    await simulation.time.advance(14_000);
    expect(simulation.inFlight).toBe(1);
    expect(claims).toBeLessThan(30);
  });
});

describe("order key", () => {
  test("keeps the order within each key despite failures, and never has two POSTs of a key in flight", async () => {
    const simulation = await Simulation.started({ seed: 5 });
    const topic = await simulation.topic();
    const subscription = await simulation.subscribe(topic, "one", {
      order: "key",
      retry: { delaysMs: Array.from({ length: 50 }, () => 50) },
      script: () => ({ status: simulation.random.chance(0.4) ? 500 : 200, afterMs: simulation.random.upTo(30) }),
    });
    const keys = ["red", "green", "blue"];
    for (let round = 0; round < 20; round++) {
      await simulation.publish(topic, ...keys.map((key) => keyed(key, `${key} ${round}`)));
      await simulation.time.advance(20);
    }
    await simulation.time.advance(60_000);
    for (const key of keys) {
      const posts = simulation.posts.filter((post) => keyOf(post) === key);
      const taken = posts.filter((post) => post.result?.status === 200);
      expect(taken.map(bodyOf)).toEqual(numbers(20).map((round) => `${key} ${round}`));
      // Retries of a message follow each other, without another message of the key in between.
      const changes = posts.filter((post, index) => index === 0 || bodyOf(post) !== bodyOf(posts[index - 1] ?? post));
      expect(changes).toHaveLength(20);
      expect(sideBySideMax(posts)).toBe(1);
    }
    expect(await simulation.counts(subscription)).toMatchObject({ backlog: 0, parked: 0, deadLetters: 0 });
  });

  test("sends messages of other keys and without a key while one key fails", async () => {
    const simulation = await Simulation.started();
    const topic = await simulation.topic();
    await simulation.subscribe(topic, "one", {
      order: "key",
      retry: { delaysMs: [60_000] },
      script: (post) => ({ status: keyOf(post) === "bad" ? 500 : 200, afterMs: 5 }),
    });
    for (let round = 0; round < 100; round++) {
      await simulation.publish(topic, keyed("bad", "x"), keyed("good", "y"), keyed(null, "z"));
    }
    await simulation.time.advance(5_000);
    const count = (key: string | null): number => simulation.posts.filter((post) => keyOf(post) === key).length;
    expect([count("bad"), count("good"), count(null)]).toEqual([1, 100, 100]);
  });

  test("holds a message that is claimed in the same turn in which the one before it fails", async () => {
    const simulation = await Simulation.started();
    const topic = await simulation.topic();
    await simulation.subscribe(topic, "one", {
      order: "key",
      retry: { delaysMs: [1_000] },
      script: (post) => ({
        status: post.headers["ringback-attempt"] === "1" && bodyOf(post) === "first" ? 500 : 200,
        afterMs: 100,
      }),
    });
    // The wake-up for the second message and the failure of the first happen in the same turn of the event loop. So the
    // second message is claimed before the first is settled.
    simulation.time.after(100, () => void simulation.publish(topic, keyed("k", "second")));
    await simulation.publish(topic, keyed("k", "first"));
    await simulation.time.advance(10_000);
    expect(simulation.posts.map(bodyOf)).toEqual(["first", "first", "second"]);
  });
});

describe("a change while something is in flight", () => {
  const slow = { status: 200, afterMs: 1_000 } as const;

  test("after pause and resume an ordered subscription still waits for its POST in flight", async () => {
    for (const order of ["strict", "key"] as const) {
      const simulation = await Simulation.started();
      const topic = await simulation.topic();
      await simulation.subscribe(topic, "one", { order, script: slow });
      await simulation.publish(topic, keyed("k", "0"), keyed("k", "1"), keyed("k", "2"));
      await simulation.time.advance(100);
      await simulation.store.catalog.setSubscriptionState(topic.id, "one", "paused");
      await simulation.time.advance(10);
      await simulation.store.catalog.setSubscriptionState(topic.id, "one", "active");
      await simulation.time.advance(10_000);
      expect(simulation.posts.map(bodyOf)).toEqual(["0", "1", "2"]);
      expect(sideBySideMax(simulation.posts)).toBe(1);
    }
  });

  test("messages that waited behind a key are sent when the order is changed to none", async () => {
    const simulation = await Simulation.started();
    simulation.store.findsNothing = true;
    const topic = await simulation.topic();
    const subscription = await simulation.subscribe(topic, "one", { order: "key", script: slow });
    await simulation.publish(topic, ...numbers(5).map((text) => keyed("k", text)));
    await simulation.time.advance(100);
    await simulation.subscribe(topic, "one", { order: "none", script: slow });
    await simulation.time.advance(3_000);
    expect(simulation.posts.map(bodyOf)).toEqual(numbers(5));
    expect(await simulation.counts(subscription)).toMatchObject({ backlog: 0, inFlight: 0, parked: 0 });
  });

  test("a subscription that becomes strict sends nothing until the earlier POSTs have ended", async () => {
    const simulation = await Simulation.started();
    const topic = await simulation.topic();
    await simulation.subscribe(topic, "one", { order: "none", maxInFlight: 3, script: slow });
    await simulation.publish(topic, ...numbers(9));
    await simulation.time.advance(100);
    await simulation.subscribe(topic, "one", { order: "strict", maxInFlight: 3, script: slow });
    await simulation.time.advance(20_000);
    expect(simulation.posts.map(bodyOf)).toEqual(numbers(9));
    expect(sideBySideMax(simulation.posts.slice(3))).toBe(1);
    expect(simulation.posts[3]?.startedAtMs).toBeGreaterThanOrEqual(Number(simulation.posts[2]?.endedAtMs));
  });
});
