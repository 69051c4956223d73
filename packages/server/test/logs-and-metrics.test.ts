/** Real: the server, its log, its metrics, its database, and a receiver that refuses. Nothing is faked. */
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { subscriptionPath } from "./harness/api.ts";
import { copies } from "./harness/copies.ts";
import { startReceiver } from "./harness/receiver.ts";
import { useServer } from "./harness/running-server.ts";
import { until } from "./harness/until.ts";

const server = useServer({ args: ["--slow-request-ms", "1", "--log-level", "debug"] });

/** The first line of the log in which each of these members has the given value. */
async function lineWith(members: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
  const parts = Object.entries(members).map(([name, value]) => {
    const member = `"${name}":${JSON.stringify(value)}`.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
    return `(?=[^\n]*${member})`;
  });
  const [line] = await server().logged(new RegExp(`^${parts.join("")}[^\n]*$`, "m"));
  return JSON.parse(line) as Record<string, unknown>;
}

async function metrics(): Promise<string> {
  return (await fetch(`${server().url}/metrics`)).text();
}

describe("a failing receiver", () => {
  it("is seen in the log with the ids of the message, and in the metrics by its names", async () => {
    const { api } = server();
    await using receiver = await startReceiver(() => 503);
    await api.putTopic("orders");
    await api.subscribe("orders", "mail", { push: { url: receiver.url }, retry: "none" });
    const { id } = await api.publish("orders", { body: "secret-body" });
    const about = { account: "default", topic: "orders", subscription: "mail", messageId: id };
    expect(await lineWith({ event: "attempt.failed", messageId: id })).toMatchObject({
      level: "warn",
      ...about,
      attempt: 1,
      status: 503,
      errorCode: "http_status",
      durationMs: expect.any(Number),
      nextAttemptAt: null,
    });
    const dead = await lineWith({ event: "delivery.dead", messageId: id });
    expect(dead).toMatchObject({ level: "warn", ...about, reason: "retries_exhausted", status: 503 });
    expect(JSON.stringify(dead)).not.toContain("secret-body");
    const text = await until("it is counted", metrics, (page) =>
      page.includes('subscription="mail",outcome="failed"} 1'),
    );
    const labels = 'account="default",topic="orders",subscription="mail"';
    for (const line of [
      `ringback_subscription_dead_letters_total{${labels}} 1`,
      `ringback_subscription_attempt_duration_seconds_count{${labels}} 1`,
      `ringback_cluster_subscription_backlog{${labels}} 0`,
      'ringback_topic_published_messages_total{account="default",topic="orders"} 1',
      'ringback_http_requests_total{method="POST",route="/v1/topics/:topic/messages",status="201"} 1',
    ]) {
      expect(text).toContain(line);
    }
    expect(text).toMatch(/^ringback_build_info\{version="[^"]+",node="v[^"]+",driver="sqlite"\} 1$/m);
    expect(text).toMatch(/^ringback_disk_free_bytes [1-9]/m);
    expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds /m);
  });

  it("gets a few lines and a count, however many of its deliveries fail", async () => {
    const { api } = server();
    await using receiver = await startReceiver(() => 500);
    await api.putTopic("flood");
    await api.subscribe("flood", "dead", { push: { url: receiver.url }, retry: "none" });
    for (let batch = 0; batch < 5; batch++) await api.publishBatch("flood", copies(100, { body: "x" }));
    const leftOut = await lineWith({ event: "lines.left_out", of: "delivery.dead", subscription: "dead" });
    expect(leftOut).toMatchObject({ level: "warn", topic: "flood", count: expect.any(Number) });
    expect(leftOut["count"]).toBeGreaterThan(5);
  });
});

describe("the id of a request", () => {
  it("is in the header, in the problem and in the log", async () => {
    const { url } = server();
    const response = await fetch(`${url}/v1/topics/missing`);
    const id = response.headers.get("x-request-id");
    expect(id).toMatch(/^[\da-f-]{36}$/);
    expect(await response.json()).toMatchObject({ code: "topic_not_found", requestId: id });
    const line = await lineWith({ event: "request.answered", requestId: id });
    expect(line).toMatchObject({
      level: "debug",
      method: "GET",
      route: "/v1/topics/:topic",
      topic: "missing",
      status: 404,
    });
  });

  it.each(["my-id.7", "a".repeat(64)])("may be chosen by the client: %j", async (id) => {
    const response = await fetch(`${server().url}/healthz`, { headers: { "x-request-id": id } });
    expect(response.headers.get("x-request-id")).toBe(id);
  });

  it.each(["a".repeat(65), "two words", 'quo"te', "{}", "-begins", "é"])(
    "is replaced if it could do harm: %j",
    async (id) => {
      const response = await fetch(`${server().url}/nowhere`, { headers: { "x-request-id": id } });
      const shown = response.headers.get("x-request-id");
      expect(shown).toMatch(/^[\da-f-]{36}$/);
      expect(await response.json()).toMatchObject({ requestId: shown });
    },
  );

  it("is in the answers of CMQ's API, as their own requestId", async () => {
    const { url } = server();
    const form = { method: "POST", body: new URLSearchParams({ Action: "ListTopic" }) };
    const old = await fetch(`${url}/v2/index.php`, form);
    const { requestId } = (await old.json()) as { requestId: string };
    expect(requestId).toMatch(/^\d{20}$/);
    expect(old.headers.get("x-request-id")).toBe(requestId);
    const newer = await fetch(url, { method: "POST", headers: { "x-tc-action": "DescribeTopics" }, body: "{}" });
    const { Response } = (await newer.json()) as { Response: { RequestId: string } };
    expect(newer.headers.get("x-request-id")).toBe(Response.RequestId);
  });

  it.each([
    ["an unknown version", "GET / HTTP/9.9\r\n\r\n"],
    ["no host", "GET / HTTP/1.1\r\n\r\n"],
    ["a damaged path", "GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n"],
    ["the method CONNECT", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["large headers", `GET / HTTP/1.1\r\nHost: a\r\nx: ${"y".repeat(100_000)}\r\n\r\n`],
    ["an expectation", "GET / HTTP/1.1\r\nHost: localhost\r\nExpect: wonders\r\n\r\n"],
  ])("is in the answer to a request that no route gets, because of %s", async (_reason, request) => {
    const answer = await rawAnswer(server().port, request);
    const [, id = ""] = /^x-request-id: (\S+)\r$/im.exec(answer) ?? [];
    expect(id).toMatch(/^[\da-f-]{36}$/);
    expect(answer).toContain(`"requestId":"${id}"`);
  });
});

describe("requests that an operator should see", () => {
  it("have a line each: refused messages with the limit, and slow answers", async () => {
    const { api, url } = server();
    await api.ok("PUT", "/v1/topics/small", { json: { bodyBytesMax: 1024 } });
    const path = "/v1/topics/small/messages";
    const refused = await fetch(`${url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-request-id": "refused-1" },
      body: JSON.stringify({ body: "x".repeat(2_000) }),
    });
    expect(refused.status).toBe(413);
    expect(await lineWith({ event: "publish.refused", requestId: "refused-1" })).toMatchObject({
      level: "warn",
      account: "default",
      topic: "small",
      route: "/v1/topics/:topic/messages",
      status: 413,
      errorCode: "body_too_large",
    });
    const isSlow = async (): Promise<boolean> => {
      await api.publish("small", { body: "x" });
      return true;
    };
    // A commit to the disk takes more than one millisecond now and then.
    const slow = lineWith({ event: "request.slow", route: "/v1/topics/:topic/messages" });
    let found: Record<string, unknown> | null = null;
    void slow.then((line) => (found = line));
    await until("an answer is slow", isSlow, () => found !== null);
    expect(await slow).toMatchObject({ level: "warn", status: expect.any(Number), requestId: expect.any(String) });
  });

  it("have a line and a count when no route gets them", async () => {
    const { port, url } = server();
    expect(await rawAnswer(port, `GET / HTTP/1.1\r\nHost: a\r\nx: ${"y".repeat(100_000)}\r\n\r\n`)).toContain("431");
    expect(await rawAnswer(port, "GET / HTTP/9.9\r\n\r\n")).toContain("400");
    const large = await lineWith({ event: "request.refused", errorCode: "headers_too_large" });
    expect(large).toMatchObject({ level: "warn", status: 431, source: "127.0.0.1" });
    const malformed = await lineWith({ event: "request.refused", errorCode: "malformed_request" });
    expect(malformed).toMatchObject({ level: "info", status: 400 });
    const text = await (await fetch(`${url}/metrics`)).text();
    for (const status of [400, 431]) {
      expect(text).toMatch(
        new RegExp(`^ringback_http_requests_total\\{method="other",route="refused",status="${status}"\\} [1-9]`, "m"),
      );
    }
  });

  it("cannot forge lines with the names in their path", async () => {
    const { url } = server();
    const name = encodeURIComponent(`a\n{"event":"forged"}\r${"b".repeat(5_000)}`);
    await fetch(`${url}/v1/topics/${name}`, { headers: { "x-request-id": "forger" } });
    const line = await lineWith({ event: "request.answered", requestId: "forger" });
    expect(line["topic"]).toMatch(/^a \{"event":"forged"\} b+$/);
    expect(String(line["topic"])).toHaveLength(500);
  });
});

describe("the names of metrics", () => {
  it("never contain the path of a request", async () => {
    await fetch(`${server().url}/v1/topics/some-secret-path`);
    await fetch(`${server().url}/another-secret-path`);
    const path = subscriptionPath("orders", "mail");
    await server().api.call("GET", path);
    const text = await metrics();
    expect(text).not.toContain("secret-path");
    expect(text).toContain('route="unmatched",status="404"');
  });
});

function rawAnswer(port: number, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(request));
    socket.setEncoding("utf8").on("data", (part: string) => {
      text += part;
      if (text.includes("requestId")) socket.end();
    });
    socket.on("error", (error) => (text === "" ? reject(error) : resolve(text)));
    socket.on("close", () => resolve(text));
  });
}
