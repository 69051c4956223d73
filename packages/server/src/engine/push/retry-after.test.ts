import { expect, test } from "vitest";
import { limits } from "../../domain/limits.ts";
import { Simulation } from "../testing/simulation.ts";

const DAY_MS = 24 * 3600_000;

test("410 Gone disables the subscription, emits an event, and nothing more is sent until it is resumed", async () => {
  const simulation = await Simulation.started();
  const types: string[] = [];
  simulation.events.subscribe((event) => types.push(event.type));
  const topic = await simulation.topic();
  let status = 410;
  const one = await simulation.subscribe(topic, "one", { script: () => ({ status, afterMs: 5 }) });
  const other = await simulation.subscribe(topic, "other");
  const { ids } = await simulation.publish(topic, "hello");
  await simulation.time.advance(DAY_MS);
  expect(simulation.postsTo(one)).toHaveLength(1);
  expect(await simulation.store.catalog.getSubscription(topic.id, "one")).toMatchObject({
    state: "disabled",
    disabled: { reason: "gone", messageId: ids[0], attempt: 1 },
  });
  expect(simulation.logged).toEqual(["one disabled"]);
  expect((await simulation.store.catalog.getSubscription(topic.id, "other"))?.state).toBe("active");
  expect(types.filter((type) => type === "subscription.disabled")).toHaveLength(1);
  expect((await simulation.store.records.listAttempts(one.id, { after: null, limit: 9 })).items).toMatchObject([
    { verdict: "failed", status: 410, errorCode: "gone" },
  ]);

  status = 200;
  await simulation.publish(topic, "meanwhile");
  await simulation.store.catalog.setSubscriptionState(topic.id, "one", "active");
  await simulation.time.advance(60_000);
  expect(simulation.postsTo(one)).toHaveLength(3);
  expect(simulation.postsTo(other)).toHaveLength(2);
  expect(simulation.failures).toEqual([]);
});

test("a 410 from the endpoint that a subscription had before does not disable it", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  const one = await simulation.subscribe(topic, "one", { script: { status: 410, afterMs: 1_000 } });
  await simulation.publish(topic, "hello");
  await simulation.time.advance(500);
  await simulation.subscribe(topic, "one", { push: { url: "http://moved.test/" } });
  await simulation.time.advance(60_000);
  expect((await simulation.store.catalog.getSubscriptionById(one.id))?.state).toBe("active");
  expect(simulation.posts.map((post) => post.endpoint.origin)).toEqual(["http://one.test", "http://moved.test"]);
});

test("a 410 that comes after the subscription was deleted and created again does not disable the new one", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  await simulation.subscribe(topic, "one", { script: { status: 410, afterMs: 1_000 } });
  await simulation.publish(topic, "hello");
  await simulation.time.advance(500);
  await simulation.store.catalog.deleteSubscription(topic.id, "one");
  await simulation.subscribe(topic, "one", { push: { url: "http://another.test/" } });
  await simulation.time.advance(60_000);
  expect((await simulation.store.catalog.getSubscription(topic.id, "one"))?.state).toBe("active");
});

test("a 410 to a POST from before the subscription was resumed does not disable it again", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  let posts = 0;
  const one = await simulation.subscribe(topic, "one", {
    script: () => {
      posts += 1;
      if (posts === 2) return { status: 410, afterMs: 5 };
      return posts === 3 ? { status: 410, afterMs: 5_000 } : { status: 200, afterMs: 5 };
    },
  });
  await simulation.publish(topic, "the first one finds out what the endpoint is like");
  await simulation.time.advance(1_000);
  await simulation.publish(topic, "gone at once");
  await simulation.publish(topic, "gone later");
  await simulation.time.advance(1_000);
  expect((await simulation.store.catalog.getSubscriptionById(one.id))?.state).toBe("disabled");
  await simulation.store.catalog.setSubscriptionState(topic.id, "one", "active");
  await simulation.time.advance(60_000);
  expect((await simulation.store.catalog.getSubscriptionById(one.id))?.state).toBe("active");
});

test("many concurrent 410 replies cause one change and one event", async () => {
  const simulation = await Simulation.started();
  const types: string[] = [];
  simulation.events.subscribe((event) => types.push(event.type));
  const topic = await simulation.topic();
  let status = 200;
  const one = await simulation.subscribe(topic, "one", { script: () => ({ status, afterMs: 50 }) });
  await simulation.publish(topic, "the first one finds out what the endpoint is like");
  await simulation.time.advance(1_000);
  status = 410;
  for (let i = 0; i < 8; i++) await simulation.publish(topic, "hello");
  await simulation.time.advance(1_000);
  expect(simulation.postsTo(one).length).toBeGreaterThan(2);
  expect(types.filter((type) => type === "subscription.disabled")).toHaveLength(1);
});

const waits = async (retryAfter: string, policyMs: number): Promise<number> => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  await simulation.subscribe(topic, "one", {
    retry: { delaysMs: [policyMs] },
    script: { status: 503, afterMs: 0, headers: { "retry-after": retryAfter } },
  });
  await simulation.publish(topic, "hello");
  await simulation.time.advance(DAY_MS);
  const [first, second] = simulation.posts;
  return (second?.startedAtMs ?? 0) - (first?.endedAtMs ?? 0);
};

test.each([
  ["120", 1_000, 120_000, "longer than the policy's wait"],
  ["1", 5_000, 5_000, "shorter than the policy's wait"],
  ["999999999", 1_000, limits.retryAfterMsMax, "longer than its bound"],
  ["soon", 1_000, 1_000, "not understood"],
  ["-5", 1_000, 1_000, "negative"],
])("Retry-After: %s with a policy of %d ms means a wait of %d ms (%s)", async (value, policyMs, waitMs) => {
  expect(await waits(value, policyMs)).toBe(waitMs);
});

test("Retry-After may be a date", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  const atMs = Math.ceil(simulation.nowMs / 1000) * 1000 + 90_000;
  await simulation.subscribe(topic, "one", {
    retry: { delaysMs: [1_000] },
    script: { status: 429, afterMs: 0, headers: { "retry-after": new Date(atMs).toUTCString() } },
  });
  await simulation.publish(topic, "hello");
  await simulation.time.advance(DAY_MS);
  expect(simulation.posts[1]?.startedAtMs).toBe(atMs);
});
