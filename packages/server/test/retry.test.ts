/** Real: the server, its clock and its database, sockets, receivers on loopback. Nothing is faked. */
import { describe, expect, it } from "vitest";
import { startCommand } from "../src/cli/testing/command-process.ts";
import { subscriptionPath } from "./harness/api.ts";
import { startReceiver } from "./harness/receiver.ts";
import { useServer } from "./harness/running-server.ts";
import { until, untilTrue } from "./harness/until.ts";

const server = useServer();

/**
 * Tolerance when times of the server and of the receiver are compared. Both round to a millisecond, and a POST takes
 * time to arrive.
 */
const roundingMs = 5;

/** Settings of a subscription that gives up after the first attempt. */
const once = { retry: "none" };

function expectNotEarly(atMs: readonly number[], delaysMs: readonly number[]): void {
  expect(atMs).toHaveLength(delaysMs.length + 1);
  delaysMs.forEach((delayMs, index) => {
    const gapMs = (atMs[index + 1] ?? 0) - (atMs[index] ?? 0);
    expect(gapMs).toBeGreaterThanOrEqual(delayMs - roundingMs);
  });
}

describe.concurrent("a receiver that fails", () => {
  it("twice gets its third attempt on time, by the policy after 1 and 2 s, and the record shows all three", async () => {
    const { api } = server();
    await using receiver = await startReceiver((_arrival, _response, index) => (index < 2 ? 500 + index : 200));
    await api.putTopic("twice");
    const retry = { delaysMs: [1_000, 2_000] };
    await api.subscribe("twice", "s", { push: { url: `${receiver.url}/twice` }, retry });
    const { id } = await api.publish("twice", { body: "third time lucky" });
    const delivery = await until(
      "it is delivered",
      () => api.delivery(id, "s"),
      ({ state }) => state === "delivered",
    );
    expectNotEarly(
      receiver.arrivals.map(({ atMs }) => atMs),
      [1_000, 2_000],
    );
    expect(receiver.arrivals.map(({ headers }) => headers["ringback-attempt"])).toEqual(["1", "2", "3"]);
    expect(new Set(receiver.arrivals.map(({ messageId, text }) => `${messageId} ${text}`))).toEqual(
      new Set([`${id} third time lucky`]),
    );
    expect(delivery).toMatchObject({
      nextAttemptAt: null,
      reason: null,
      attempts: [
        { attempt: 1, verdict: "failed", status: 500, errorCode: "http_status", reply: "ok" },
        { attempt: 2, verdict: "failed", status: 501, errorCode: "http_status", reply: "ok" },
        { attempt: 3, verdict: "accepted", status: 200, errorCode: null, reply: "ok" },
      ],
    });
    expectNotEarly(
      delivery.attempts.map(({ startedAt }) => Date.parse(startedAt)),
      [1_000, 2_000],
    );
  });

  it("twice can be played with `ringback receive --fail-first 2`", async () => {
    const { api } = server();
    const receive = startCommand(["receive", "--listen", "127.0.0.1:0", "--fail-first", "2", "--json"]);
    try {
      const [, url = ""] = await receive.stdoutMatch(/"url":"(http:[^"]+)"/);
      await api.putTopic("played");
      await api.subscribe("played", "s", { push: { url }, retry: { delaysMs: [50, 50, 50] } });
      const { id } = await api.publish("played", { body: "hello" });
      const { attempts } = await until(
        "it is delivered",
        () => api.delivery(id, "s"),
        ({ state }) => state === "delivered",
      );
      expect(attempts.map(({ status }) => status)).toEqual([500, 500, 204]);
    } finally {
      receive.signal("SIGTERM");
      await receive.ended;
    }
  });

  it.each([
    ["an hour", "hour", 3_600_000, { retry: { delaysMs: [3_600_000] } }],
    ["5 s by the default policy", "default", 5_000, {}],
  ])("shows between two attempts that the next one is due after %s", async (_delay, topic, delayMs, settings) => {
    const { api } = server();
    await using receiver = await startReceiver(() => 503);
    await api.putTopic(topic);
    await api.subscribe(topic, "s", { push: { url: receiver.url }, ...settings });
    const { id } = await api.publish(topic, { body: "x" });
    const parked = await until(
      "it is parked",
      () => api.delivery(id, "s"),
      ({ state }) => state === "parked",
    );
    const dueInMs = Date.parse(parked.nextAttemptAt ?? "") - Date.parse(parked.attempts[0]?.startedAt ?? "");
    expect(dueInMs).toBeGreaterThanOrEqual(delayMs);
    expect(dueInMs).toBeLessThan(2 * delayMs + 60_000);
    expect(await api.counts(topic, "s")).toMatchObject({ parked: 1, backlog: 0, deadLetters: 0 });
  });

  it("is retried with growing delays when the policy says so", async () => {
    const { api } = server();
    await using receiver = await startReceiver(() => 500);
    await api.putTopic("growing");
    const retry = { baseMs: 100, factor: 3, retriesMax: 3, jitter: "none" };
    await api.subscribe("growing", "s", { push: { url: receiver.url }, retry });
    const { id } = await api.publish("growing", { body: "x" });
    await until(
      "it is given up",
      () => api.delivery(id, "s"),
      ({ state }) => state === "dead",
    );
    expectNotEarly(
      receiver.arrivals.map(({ atMs }) => atMs),
      [100, 300, 900],
    );
  });
});

describe.concurrent("a delivery that is given up", () => {
  it("after attempts that were never answered becomes a dead letter with its reason and last error, and redrive delivers it", async () => {
    const { api } = server();
    let silent = true;
    await using receiver = await startReceiver(() => (silent ? undefined : 200));
    await api.putTopic("silent");
    const push = { url: receiver.url, timeoutMs: 1_000 };
    await api.subscribe("silent", "s", { push, retry: { delaysMs: [100, 200] } });
    const { id } = await api.publish("silent", { body: "anybody there?" });
    const dead = await until(
      "it is given up",
      () => api.delivery(id, "s"),
      ({ state }) => state === "dead",
    );
    expect(dead).toMatchObject({
      reason: "retries_exhausted",
      attempts: [1, 2, 3].map((attempt) => ({ attempt, verdict: "error", status: null, errorCode: "timeout" })),
    });
    for (const { durationMs } of dead.attempts) {
      expect(durationMs).toBeGreaterThanOrEqual(1_000 - roundingMs);
    }
    // Each delay begins when the previous attempt has failed.
    const startsMs = dead.attempts.map(({ startedAt }) => Date.parse(startedAt));
    const gapsMs = dead.attempts.slice(1).map((_, i) => (startsMs[i + 1] ?? 0) - (startsMs[i] ?? 0));
    const waitsMs = gapsMs.map((gapMs, index) => gapMs - (dead.attempts[index]?.durationMs ?? 0));
    expectNotEarly([0, waitsMs[0] ?? 0, (waitsMs[0] ?? 0) + (waitsMs[1] ?? 0)], [100, 200]);
    expect(receiver.arrivals).toHaveLength(3);

    const { items } = await api.deadLetters("silent", "s");
    expect(items).toMatchObject([
      { reason: "retries_exhausted", attempts: 3, lastStatus: null, lastErrorCode: "timeout", message: { id } },
    ]);
    const letterPath = `${subscriptionPath("silent", "s")}/dead-letters/${items[0]?.id}`;
    expect(await api.ok("GET", letterPath)).toMatchObject({ message: { id, body: "anybody there?" } });

    silent = false;
    // The time limit of the attempts before may be too short on a busy machine.
    await api.subscribe("silent", "s", { push: { url: receiver.url }, retry: { delaysMs: [100, 200] } });
    expect(await api.ok("POST", `${letterPath}/redrive`)).toEqual({ count: 1 });
    const delivered = await until(
      "the redriven one is delivered",
      () => api.delivery(id, "s"),
      ({ state }) => state === "delivered",
    );
    expect(delivered.attempts).toHaveLength(4);
    expect(delivered.attempts[3]).toMatchObject({ attempt: 4, verdict: "accepted", status: 200 });
    expect(receiver.arrivals.at(-1)).toMatchObject({ messageId: id, text: "anybody there?" });
    expect((await api.deadLetters("silent", "s")).items).toEqual([]);
    expect(await api.counts("silent", "s")).toMatchObject({ deadLetters: 0, parked: 0, backlog: 0, inFlight: 0 });
  });

  it("keeps the last reply, can be redriven with all others, and starts its retry policy again", async () => {
    const { api } = server();
    let healthy = false;
    await using receiver = await startReceiver((_arrival, response) => {
      if (healthy) return 200;
      response.writeHead(500).end("come back later");
      return undefined;
    });
    await api.putTopic("many");
    // On a busy machine, the breaker would open before all have failed.
    const settings = { retry: { delaysMs: [20] }, breaker: null };
    await api.subscribe("many", "s", { push: { url: receiver.url }, ...settings });
    const published = await api.publishBatch(
      "many",
      Array.from({ length: 30 }, (_, index) => ({ body: `${index}` })),
    );
    await until(
      "all are given up",
      () => api.counts("many", "s"),
      ({ deadLetters }) => deadLetters === 30,
    );
    expect(receiver.arrivals).toHaveLength(60);
    const { items } = await api.deadLetters("many", "s");
    expect(new Set(items.map(({ message }) => message.id))).toEqual(new Set(published.map(({ id }) => id)));
    for (const letter of items) {
      expect(letter).toMatchObject({
        attempts: 2,
        lastStatus: 500,
        lastErrorCode: "http_status",
        reply: "come back later",
      });
    }

    // The endpoint is still bad: each redriven message gets its two attempts again and becomes one dead letter again.
    const redrive = `${subscriptionPath("many", "s")}/dead-letters/redrive`;
    expect(await api.ok("POST", redrive, { json: { all: true } })).toEqual({ count: 30 });
    await untilTrue("each was tried twice more", () => receiver.arrivals.length === 120);
    await until(
      "all are given up again",
      () => api.counts("many", "s"),
      ({ deadLetters }) => deadLetters === 30,
    );
    expect((await api.deadLetters("many", "s")).items.map(({ attempts }) => attempts)).toEqual(Array(30).fill(4));

    healthy = true;
    expect(await api.ok("POST", redrive, { json: { all: true } })).toEqual({ count: 30 });
    await until(
      "none is left",
      () => api.counts("many", "s"),
      ({ deadLetters, parked, inFlight }) => deadLetters + parked + inFlight === 0,
    );
    expect(new Set(receiver.arrivals.slice(120).map(({ text }) => text)).size).toBe(30);
    expect(receiver.arrivals).toHaveLength(150);
  });

  it("can be purged, one by one or all, and is then gone for good", async () => {
    const { api } = server();
    await using receiver = await startReceiver(() => 500);
    await api.putTopic("purged");
    await api.subscribe("purged", "s", { push: { url: receiver.url }, ...once });
    await api.publishBatch(
      "purged",
      Array.from({ length: 5 }, () => ({ body: "x" })),
    );
    const path = `${subscriptionPath("purged", "s")}/dead-letters`;
    const { items } = await until(
      "all are given up",
      () => api.deadLetters("purged", "s"),
      (page) => page.items.length === 5,
    );
    expect((await api.call("DELETE", `${path}/${items[2]?.id}`)).status).toBe(204);
    expect((await api.call("DELETE", `${path}/${items[2]?.id}`)).json).toMatchObject({ code: "dead_letter_not_found" });
    expect((await api.deadLetters("purged", "s")).items).toHaveLength(4);
    expect(await api.ok("DELETE", `${path}?all=true`)).toEqual({ count: 4 });
    expect((await api.deadLetters("purged", "s")).items).toEqual([]);
    expect(await api.ok("POST", `${path}/redrive`, { json: { all: true } })).toEqual({ count: 0 });
    expect(receiver.arrivals).toHaveLength(5);
  });

  it("is listed newest first, page by page, each once", async () => {
    const { api } = server();
    await using receiver = await startReceiver(() => 500);
    await api.putTopic("pages");
    await api.subscribe("pages", "s", { push: { url: receiver.url }, ...once });
    await api.publishBatch(
      "pages",
      Array.from({ length: 7 }, (_, index) => ({ body: `${index}` })),
    );
    await until(
      "all are given up",
      () => api.counts("pages", "s"),
      ({ deadLetters }) => deadLetters === 7,
    );
    const path = `${subscriptionPath("pages", "s")}/dead-letters?limit=3`;
    const seen: string[] = [];
    let after: string | null = "";
    while (after !== null) {
      const page: { items: { id: string }[]; next: string | null } = await api.ok(
        "GET",
        after === "" ? path : `${path}&after=${encodeURIComponent(after)}`,
      );
      seen.push(...page.items.map(({ id }) => id));
      after = page.next;
    }
    expect(seen).toHaveLength(7);
    expect(seen.map(Number)).toEqual(seen.map(Number).toSorted((left, right) => right - left));
  });
});

describe.concurrent("a redirect", () => {
  it.each([301, 302, 303, 307, 308])("(%d) is a failure and is not followed", async (status) => {
    const { api } = server();
    await using elsewhere = await startReceiver();
    await using receiver = await startReceiver((_arrival, response) => {
      response.writeHead(status, { location: `${elsewhere.url}/elsewhere` }).end();
    });
    await api.putTopic(`redirect-${status}`);
    await api.subscribe(`redirect-${status}`, "s", { push: { url: receiver.url }, ...once });
    const { id } = await api.publish(`redirect-${status}`, { body: "x" });
    const { attempts } = await until(
      "it is given up",
      () => api.delivery(id, "s"),
      ({ state }) => state === "dead",
    );
    expect(attempts).toMatchObject([{ verdict: "failed", status, errorCode: "redirect" }]);
    expect([receiver.arrivals.length, elsewhere.arrivals.length]).toEqual([1, 0]);
  });
});

describe.concurrent("a paused subscription", () => {
  it("receives nothing until it is resumed, and then every message that was published meanwhile", async () => {
    const { api } = server();
    await using receiver = await startReceiver();
    await api.putTopic("paused");
    for (const name of ["paused", "witness"]) {
      await api.subscribe("paused", name, { push: { url: `${receiver.url}/${name}` } });
    }
    const path = subscriptionPath("paused", "paused");
    await api.publish("paused", { body: "before" });
    await untilTrue("it works", () => receiver.at("/paused").length === 1);
    expect(await api.ok("POST", `${path}/pause`)).toMatchObject({ state: "paused" });
    const bodies = Array.from({ length: 50 }, (_, index) => `${index}`);
    for (const body of bodies) await api.publish("paused", { body });
    await untilTrue("another subscription has got them", () => receiver.at("/witness").length === 51);
    expect(receiver.at("/paused")).toHaveLength(1);
    expect(await api.counts("paused", "paused")).toMatchObject({ backlog: 50 });

    expect(await api.ok("POST", `${path}/resume`)).toMatchObject({ state: "active" });
    await untilTrue("it has got them too", () => receiver.at("/paused").length === 51);
    expect(new Set(receiver.at("/paused").map(({ text }) => text))).toEqual(new Set(["before", ...bodies]));
  });
});
