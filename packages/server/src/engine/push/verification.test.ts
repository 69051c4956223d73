import { expect, test } from "vitest";
import { verificationOf } from "../../domain/endpoint-verification.ts";
import type { Subscription } from "../../domain/model.ts";
import type { Post, Reaction } from "../testing/scripted-transport.ts";
import { bodyOf, pausesMs, Simulation } from "../testing/simulation.ts";

// Real: the engine, with the store in memory. Faked: time, and endpoints that react as a script says.

const HOUR_MS = 3600_000;

async function stateOf({ store }: Simulation, { id }: Subscription) {
  const subscription = await store.catalog.getSubscriptionById(id);
  return subscription && verificationOf(subscription.settings);
}

const postsTo = ({ posts }: Simulation) => posts.filter((post) => post.endpoint.origin === "http://one.test");
const isChallenge = (post: Post) => bodyOf(post).includes("ringback.verification");
const refuse = (): Reaction => ({ status: 500, afterMs: 5 });
const echo = (post: Post): Reaction => ({
  status: 200,
  afterMs: 5,
  body: isChallenge(post) ? (JSON.parse(bodyOf(post)) as { challenge: string }).challenge : "",
});

test("failed attempts are repeated with pauses from a second to an hour, and given up after a day", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic("orders", { retentionMs: 1000 * HOUR_MS });
  let reaction: (post: Post) => Reaction = refuse;
  const push = { verify: "challenge" } as const;
  const one = await simulation.subscribe(topic, "one", { push, script: (post) => reaction(post) });
  await simulation.publish(topic, "hello");
  await simulation.time.advance(23 * HOUR_MS);
  expect(await stateOf(simulation, one)).toMatchObject({ state: "pending" });
  await simulation.time.advance(48 * HOUR_MS);

  const posts = postsTo(simulation);
  expect(posts.every(isChallenge)).toBe(true);
  const pauses = pausesMs(posts);
  expect(pauses.slice(0, 4)).toEqual([1000, 2000, 4000, 8000]);
  expect(Math.max(...pauses)).toBe(HOUR_MS);
  const totalMs = Number(posts.at(-1)?.startedAtMs) - Number(posts[0]?.startedAtMs);
  expect([totalMs > 22 * HOUR_MS, totalMs <= 24 * HOUR_MS]).toEqual([true, true]);
  expect(await stateOf(simulation, one)).toMatchObject({
    state: "failed",
    error: "the endpoint answered with the status 500",
  });

  reaction = echo;
  await simulation.finished(simulation.engine.verifier.verifyNow(one));
  await simulation.time.advance(1000);
  expect(await stateOf(simulation, one)).toMatchObject({ state: "verified", error: null });
  expect(
    simulation
      .postsTo(one)
      .filter((post) => !isChallenge(post))
      .map(bodyOf),
  ).toEqual(["hello"]);
  await simulation.stop(0);
  expect([simulation.timersWaiting, simulation.failures]).toEqual([0, []]);
});

test("messages wait while a changed endpoint is not verified, and the sender of the old one sends nothing more", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  const push = { verify: "challenge" } as const;
  await simulation.subscribe(topic, "one", { push, script: echo });
  await simulation.publish(topic, "first");
  await simulation.time.advance(1000);
  const other = { ...push, url: "http://other.test/" };
  await simulation.subscribe(topic, "one", { push: other, script: { status: 403, afterMs: 5 } });
  await simulation.publish(topic, "second");
  await simulation.time.advance(10_000);
  const sent = simulation.posts.filter((post) => !isChallenge(post));
  expect(sent.map((post) => [post.endpoint.origin, bodyOf(post)])).toEqual([["http://one.test", "first"]]);
});

test("the first attempt after a restart keeps to the pause before it", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  const script = { status: 500, afterMs: 0 };
  await simulation.subscribe(topic, "one", { push: { verify: "challenge" }, script });
  await simulation.publish(topic, "hello");
  await simulation.time.advance(1_500);
  expect(postsTo(simulation)).toHaveLength(2);
  await simulation.stop(0);
  await simulation.start();
  await simulation.time.advance(1_000);
  expect(postsTo(simulation)).toHaveLength(2);
  await simulation.time.advance(2_000);
  expect(postsTo(simulation)).toHaveLength(3);
});

test("an endpoint gets no more deliveries per minute than it has allowed", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  const headers = { "webhook-allowed-origin": "*", "webhook-allowed-rate": "4" };
  const push = { verify: "cloudevents" } as const;
  await simulation.subscribe(topic, "one", { push, script: { status: 200, afterMs: 5, headers } });
  for (const body of ["1", "2", "3", "4", "5", "6"]) await simulation.publish(topic, body);
  await simulation.time.advance(10 * 60_000);
  const starts = postsTo(simulation).filter((post) => bodyOf(post) !== "");
  expect(starts.map(bodyOf)).toEqual(["1", "2", "3", "4", "5", "6"]);
  const distances = starts.slice(1).map((post, index) => post.startedAtMs - Number(starts[index]?.startedAtMs));
  expect(Math.min(...distances)).toBeGreaterThanOrEqual(15_000);
  expect(Math.max(...distances)).toBeLessThan(20_000);
});

test("an account has at most 16 handshakes at a time", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  const push = { verify: "challenge" } as const;
  for (let n = 1; n <= 40; n++) await simulation.subscribe(topic, `s${n}`, { push, script: "hang" });
  await simulation.publish(topic, "hello");
  await simulation.time.advance(9_000);
  expect([simulation.posts.length, simulation.inFlightPeak]).toEqual([16, 16]);
  await simulation.time.advance(30_000);
  expect(new Set(simulation.posts.map((post) => post.endpoint.origin)).size).toBe(40);
  await simulation.stop(0);
  // The time limits of the scripted endpoints pass.
  await simulation.time.advance(10_000);
  expect([simulation.inFlightPeak, simulation.timersWaiting, simulation.failures]).toEqual([16, 0, []]);
});
