import { expect, test, vi } from "vitest";
import { parseMessageId } from "../../domain/message-id.ts";
import { engineLimits } from "../engine-limits.ts";
import { Simulation, bodyOf, messageOf } from "../testing/simulation.ts";
import type { Post } from "../testing/scripted-transport.ts";

const bodies = (posts: readonly Post[]): string[] => posts.map(bodyOf);
const attemptsOf = (posts: readonly Post[]): string[] => posts.map((post) => post.headers["ringback-attempt"] ?? "");

test("a published message reaches every matching subscription once", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  const all = await simulation.subscribe(topic, "all");
  const red = await simulation.subscribe(topic, "red", { filter: { tags: ["red"] } });
  const blue = await simulation.subscribe(topic, "blue", { filter: { tags: ["blue"] } });
  await simulation.publish(topic, { tags: ["red"] });
  await simulation.time.advance(3_600_000);
  expect(simulation.postsTo(all)).toHaveLength(1);
  expect(simulation.postsTo(red)).toHaveLength(1);
  expect(simulation.postsTo(blue)).toHaveLength(0);
});

test("a message is sent in the turn of the event loop in which it was published", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  await simulation.subscribe(topic, "one");
  await simulation.publish(topic, "now");
  const publishedAtMs = simulation.nowMs;
  await simulation.time.quiet();
  expect(simulation.posts.map((post) => post.startedAtMs)).toEqual([publishedAtMs]);
});

test("large messages are encoded in a turn of the event loop each, so that other work is done between them", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  const subscription = await simulation.subscribe(topic, "one");
  const turns = vi.spyOn(simulation.time, "soon");
  const turnsFor = async (body: string): Promise<number> => {
    const [before, sent] = [turns.mock.calls.length, simulation.posts.length];
    await simulation.publish(topic, ...Array.from({ length: 20 }, () => body));
    await simulation.time.until(() => simulation.postsTo(subscription).length === sent + 20, 1_000);
    return turns.mock.calls.length - before;
  };
  const turnsOfSmall = await turnsFor("small");
  expect(await turnsFor("x".repeat(64 * 1024))).toBeGreaterThanOrEqual(turnsOfSmall + 20);
});

test("every message of a batch arrives once, with the id that the publisher received", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  const subscription = await simulation.subscribe(topic, "one");
  const sent = Array.from({ length: 1_000 }, (_, index) => `message ${index}`);
  const published = await simulation.publish(topic, ...sent);
  await simulation.time.until(() => simulation.postsTo(subscription).length === 1_000, 5_000);
  await simulation.time.advance(60_000);
  const posts = simulation.postsTo(subscription);
  expect(bodies(posts).toSorted()).toEqual(sent.toSorted());
  expect(new Set(posts.map((post) => post.headers["ringback-message-id"]))).toEqual(new Set(published.ids));
});

test("attempts are numbered 1, 2, 3 and carry one message id and a new request id each", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  const subscription = await simulation.subscribe(topic, "one", {
    retry: { delaysMs: [1_000, 1_000] },
    script: (post) => ({ status: post.headers["ringback-attempt"] === "3" ? 200 : 503, afterMs: 5 }),
  });
  const { ids } = await simulation.publish(topic, "hello");
  await simulation.time.advance(60_000);
  expect(attemptsOf(simulation.posts)).toEqual(["1", "2", "3"]);
  expect(new Set(simulation.posts.map((post) => post.headers["ringback-message-id"]))).toEqual(new Set(ids));
  expect(new Set(simulation.posts.map((post) => post.headers["ringback-request-id"])).size).toBe(3);
  const { items } = await simulation.store.records.listAttempts(subscription.id, { after: null, limit: 10 });
  expect(items.map(({ attempt, verdict, status, errorCode }) => [attempt, verdict, status, errorCode])).toEqual([
    [3, "accepted", 200, null],
    [2, "failed", 503, "http_status"],
    [1, "failed", 503, "http_status"],
  ]);
});

test("a delayed message is sent at its time, to the millisecond, and later messages do not wait for it", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  await simulation.subscribe(topic, "one");
  await simulation.publish(topic, { body: Buffer.from("later"), delayMs: 90_000 }, "now");
  const publishedAtMs = simulation.nowMs;
  await simulation.time.advance(3_600_000);
  expect(simulation.posts.map((post) => [bodyOf(post), post.startedAtMs - publishedAtMs])).toEqual([
    ["now", 0],
    ["later", 90_000],
  ]);
});

test("messages published while no engine ran are sent after the start", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  await simulation.subscribe(topic, "one");
  await simulation.stop(0);
  await simulation.publish(topic, "waiting");
  await simulation.time.advance(60_000);
  expect(simulation.posts).toHaveLength(0);
  await simulation.start();
  await simulation.time.quiet();
  expect(bodies(simulation.posts)).toEqual(["waiting"]);
});

test("a paused subscription receives nothing until it is resumed, and then everything", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  const subscription = await simulation.subscribe(topic, "one", {
    script: { status: 200, afterMs: 100 },
    maxInFlight: 2,
  });
  await simulation.publish(topic, "a", "b", "c", "d");
  await simulation.time.quiet();
  await simulation.store.catalog.setSubscriptionState(topic.id, "one", "paused");
  await simulation.time.advance(60_000);
  expect(bodies(simulation.posts)).toEqual(["a", "b"]);
  await simulation.store.catalog.setSubscriptionState(topic.id, "one", "active");
  await simulation.time.advance(1_000);
  expect(bodies(simulation.posts)).toEqual(["a", "b", "c", "d"]);
  expect(await simulation.counts(subscription)).toMatchObject({ backlog: 0, inFlight: 0 });
});

test("a changed URL is used from the next POST on", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  await simulation.subscribe(topic, "one", { retry: { delaysMs: [1_000] }, script: { status: 500, afterMs: 5 } });
  await simulation.publish(topic, "hello");
  await simulation.time.advance(100);
  await simulation.subscribe(topic, "one", { push: { url: "http://moved.test/there" }, retry: { delaysMs: [1_000] } });
  await simulation.time.advance(10_000);
  expect(simulation.posts.map(({ endpoint }) => endpoint.origin + endpoint.path)).toEqual([
    "http://one.test/callback",
    "http://moved.test/there",
  ]);
});

test("a message that the dialect cannot carry becomes a dead letter, and the next one is sent", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  const subscription = await simulation.subscribe(topic, "one", { order: "strict", push: { protocol: "cloudevents" } });
  const notJson = { body: new TextEncoder().encode("{"), contentType: "application/json" };
  await simulation.publish(topic, notJson, "text");
  await simulation.time.advance(1_000);
  const letters = await simulation.store.records.listDeadLetters(subscription.id, { after: null, limit: 10 });
  const sentence = "body: not JSON, although its content type says so; use cloudevents-binary or raw";
  expect(letters.items).toMatchObject([
    {
      reason: "unencodable",
      attemptsMade: 1,
      lastStatus: null,
      lastErrorCode: "unencodable",
      lastErrorDetail: sentence,
      lastReply: null,
    },
  ]);
  const attempts = await simulation.store.records.listAttempts(
    subscription.id,
    { after: null, limit: 10 },
    { only: "failed" },
  );
  expect(attempts.items).toMatchObject([{ verdict: "error", errorCode: "unencodable", errorDetail: sentence }]);
  expect(simulation.observer.deathDetails).toEqual([sentence]);
  expect(simulation.posts).toHaveLength(1);
  expect(simulation.observer.deaths).toEqual(["unencodable"]);
});

const loopReply = { status: 508, afterMs: 5, body: '{"status":508,"code":"loop_detected"}' };

test("a message of a loop becomes a dead letter at once, without a fault of the endpoint, and the next one is sent", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  const subscription = await simulation.subscribe(topic, "one", {
    order: "strict",
    script: (post) => (bodyOf(post) === "loop" ? loopReply : { status: 204, afterMs: 5 }),
  });
  await simulation.publish(topic, { ...messageOf("loop"), hops: 4 }, "other");
  await simulation.time.advance(1_000);
  expect(simulation.posts.map((post) => post.headers["ringback-hops"])).toEqual(["5", "1"]);
  const letters = await simulation.store.records.listDeadLetters(subscription.id, { after: null, limit: 10 });
  expect(letters.items).toMatchObject([
    {
      reason: "loop_detected",
      attemptsMade: 1,
      lastStatus: 508,
      lastErrorCode: "loop_detected",
      lastErrorDetail: "The request comes from a loop of pushes or hook calls.",
      message: { hops: 4 },
    },
  ]);
  expect(simulation.observer.deathDetails).toEqual(["The request comes from a loop of pushes or hook calls."]);
  expect(simulation.observer.deaths).toEqual(["loop_detected"]);
});

test.each(["text", '{"code":"other"}'])("a reply of 508 with %j is retried", async (body) => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  await simulation.subscribe(topic, "one", {
    retry: { delaysMs: [1_000] },
    script: { status: 508, afterMs: 5, body },
  });
  await simulation.publish(topic, "hello");
  await simulation.time.advance(60_000);
  expect(simulation.posts).toHaveLength(2);
  expect(simulation.observer.deaths).toEqual(["retries_exhausted"]);
});

test("a delivery to an address that the configuration denies becomes a dead letter without a retry", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  const script = { error: "address_denied", afterMs: 5 } as const;
  const subscription = await simulation.subscribe(topic, "one", { retry: { delaysMs: [1, 1] }, script });
  await simulation.publish(topic, "hello");
  await simulation.time.advance(60_000);
  const letters = await simulation.store.records.listDeadLetters(subscription.id, { after: null, limit: 10 });
  expect(letters.items).toMatchObject([
    { reason: "address_denied", attemptsMade: 1, lastErrorCode: "address_denied", message: { seq: 1 } },
  ]);
  expect(simulation.posts).toHaveLength(1);
});

test("each POST uses the subscription's headers, timeout and connection mode", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  await simulation.subscribe(topic, "one", {
    push: { headers: { Authorization: "Bearer x" }, connection: "close", timeoutMs: 2_000 },
    script: "hang",
  });
  await simulation.publish(topic, "hello");
  await simulation.time.advance(2_000);
  const [post] = simulation.posts;
  expect(post?.headers).toMatchObject({
    "user-agent": "Ringback/1",
    authorization: "Bearer x",
    "ringback-attempt": "1",
  });
  expect(post?.endpoint).toMatchObject({ connection: "close", timeoutMs: 2_000 });
  expect(post?.result).toMatchObject({ error: "timeout", durationMs: 2_000 });
});

test("a header that no master key decrypts makes attempts fail without a POST, until the header is given again", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  const sealed = { "X-A": { sealed: "eyJhbGciOiJkaXIifQ....", bytes: 1 } };
  const subscription = await simulation.subscribe(topic, "one", { push: { headers: sealed }, retry: "BACKOFF_RETRY" });
  const [id] = (await simulation.publish(topic, "hello")).ids;
  await simulation.time.advance(1_000);
  expect(simulation.posts).toEqual([]);
  const attempts = await simulation.store.records.listAttempts(subscription.id, { after: null, limit: 10 });
  expect(attempts.items).toMatchObject([{ verdict: "error", status: null, errorCode: "key_unavailable" }]);
  await simulation.subscribe(topic, "one", { push: { headers: { "X-A": "b" } }, retry: "BACKOFF_RETRY" });
  await simulation.time.advance(20_000);
  expect(simulation.posts).toMatchObject([
    { headers: { "x-a": "b", "ringback-message-id": id, "ringback-attempt": "2" } },
  ]);
});

test("a redriven dead letter is sent at once, and its attempt numbers continue", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  let status = 500;
  const subscription = await simulation.subscribe(topic, "one", {
    retry: { delaysMs: [1_000] },
    script: () => ({ status, afterMs: 5 }),
  });
  await simulation.publish(topic, "hello");
  await simulation.time.advance(60_000);
  expect((await simulation.counts(subscription)).deadLetters).toBe(1);
  status = 200;
  await simulation.store.records.redriveDeadLetters(subscription.id, null);
  const redrivenAtMs = simulation.nowMs;
  await simulation.time.advance(60_000);
  expect(attemptsOf(simulation.posts)).toEqual(["1", "2", "3"]);
  expect(simulation.posts.at(-1)?.startedAtMs).toBe(redrivenAtMs);
});

test("an idle subscription causes no claims, and works again with the next message", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  await simulation.subscribe(topic, "one");
  await simulation.publish(topic, "first");
  await simulation.time.advance(engineLimits.senderIdleMs + engineLimits.senderSweepMs + 1_000);
  const { length } = await claimsDuring(simulation, 3_600_000);
  expect(length).toBe(0);
  await simulation.publish(topic, "second");
  await simulation.time.quiet();
  expect(bodies(simulation.posts)).toEqual(["first", "second"]);
});

async function claimsDuring(simulation: Simulation, ms: number): Promise<number[]> {
  const claimedAt: number[] = [];
  const claim = simulation.store.log.claim.bind(simulation.store);
  simulation.store.log.claim = (...args) => {
    claimedAt.push(simulation.nowMs);
    return claim(...args);
  };
  await simulation.time.advance(ms);
  simulation.store.log.claim = claim;
  return claimedAt;
}

test("every message has a wake-up, so that looking for work finds nothing", async () => {
  const simulation = await Simulation.started();
  simulation.store.findsNothing = true;
  const topic = await simulation.topic();
  const subscription = await simulation.subscribe(topic, "one", { order: "strict" });
  for (let round = 0; round < 5; round++) await simulation.publish(topic, ...Array.from({ length: 50 }, () => "x"));
  await simulation.time.advance(2_000);
  expect(simulation.postsTo(subscription)).toHaveLength(250);
});

test("after a lost wake-up the engine finds the message when it next looks for work", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  await simulation.subscribe(topic, "one");
  await simulation.time.quiet();
  simulation.store.wakeUpLoss = 1;
  await simulation.publish(topic, "hello");
  await simulation.time.advance(engineLimits.findWorkMs);
  expect(simulation.posts).toHaveLength(1);
  expect(parseMessageId(simulation.posts[0]?.headers["ringback-message-id"] ?? "")?.seq).toBe(1);
});
