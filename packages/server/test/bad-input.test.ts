/**
 * Real: the server, its sockets. Nothing is faked. Requests that no HTTP client sends go over plain TCP sockets. The
 * last test shows that the topics are empty and that the server is still the same process. Positions in a log have no
 * gaps, so the position of the next message shows that nothing was stored before.
 */
import { connect } from "node:net";
import { beforeAll, describe, expect, it } from "vitest";
import { exchange, parseAnswer } from "../src/api/testing/raw-connection.ts";
import type { ProblemView } from "./harness/api.ts";
import { badRequests, publishPath } from "./harness/bad-requests.ts";
import { useServer } from "./harness/running-server.ts";

const server = useServer();

beforeAll(async () => {
  const { api } = server();
  await api.putTopic("tagged");
  await api.putTopic("small", { bodyBytesMax: 1024 });
  await api.putTopic("routed", { retentionMs: 3_600_000 });
});

describe.each(badRequests)("%s that is wrong is answered with a problem that says what and where", (_group, cases) => {
  it.each(cases)("$what", async ({ method = "POST", path, send, status, code, field }) => {
    const { api } = server();
    const answer = await api.call<ProblemView>(method, path, send);
    expect([answer.status, answer.json.code]).toEqual([status, code]);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.json).toMatchObject({ status, type: expect.any(String), title: expect.any(String) });
    expect(answer.json.detail.length).toBeGreaterThan(10);
    // An error about the body as a whole does not name a field.
    expect(answer.json.errors?.[0]?.field ?? "").toBe(field ?? "");
    expect(answer.json.detail).toContain(field ?? "");
  });
});

const head = (rest: string) =>
  `POST ${publishPath} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n${rest}\r\n`;

describe("bytes that are not an HTTP request", () => {
  it.each([
    ["noise", "\u0000\u0001\u0002 nothing of the kind\r\n\r\n", 400, "malformed_request"],
    ["a TLS greeting", "\u0016\u0003\u0001\u0002\u0000\u0001\u0000", 400, "malformed_request"],
    ["no Host header", "GET /v1/topics HTTP/1.1\r\n\r\n", 400, "malformed_request"],
    [
      "an escape that is none",
      "GET /v1/topics/%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
      400,
      "malformed_request",
    ],
    [
      "a header of 20 KB",
      `GET /v1/topics HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(20_000)}\r\n\r\n`,
      431,
      "headers_too_large",
    ],
    [
      "a thousand headers",
      `GET /v1/topics HTTP/1.1\r\nHost: localhost\r\n${"X: 0123456789\r\n".repeat(2_000)}\r\n`,
      431,
      "headers_too_large",
    ],
    ["two lengths", head("Content-Length: 1\r\nContent-Length: 2\r\n") + "x", 400, "malformed_request"],
    [
      "a length and chunks",
      head("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n") + "1\r\nx\r\n0\r\n\r\n",
      400,
      "malformed_request",
    ],
    ["a chunk size that is none", head("Transfer-Encoding: chunked\r\n") + "zz\r\nx\r\n", 400, "malformed_request"],
    ["a tunnel", "CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 405, "method_not_allowed"],
    ["an unknown expectation", head("Expect: wonders\r\nContent-Length: 1\r\n"), 417, "expectation_failed"],
  ])("(%s) get an answer all the same, and the connection ends", async (_what, bytes, status, code) => {
    const {
      status: answered,
      headers,
      problem,
    } = parseAnswer(await exchange(server().port, Buffer.from(bytes, "latin1")));
    expect([answered, problem.code]).toEqual([status, code]);
    expect(headers).toContain("content-type: application/problem+json");
    expect(problem.detail.length).toBeGreaterThan(10);
  });

  it("after a good request in the same packet do not change its answer, and end the connection", async () => {
    const good = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    const answers = await exchange(server().port, `${good}${good}gar bage\r\n\r\n`);
    expect(answers.match(/HTTP\/1\.1 200 OK/g)?.length).toBeGreaterThanOrEqual(1);
    expect(answers.startsWith("HTTP/1.1 200 OK")).toBe(true);
  });

  it("in endless chunks are refused at the limit, and not collected", async () => {
    const piece = "10000\r\n" + "x".repeat(0x10000) + "\r\n";
    const pieces = Array.from({ length: 200 }, () => piece);
    const { status, problem } = parseAnswer(
      await exchange(
        server().port,
        head("Transfer-Encoding: chunked\r\nConnection: close\r\n"),
        ...pieces,
        "0\r\n\r\n",
      ),
    );
    expect([status, problem.code]).toEqual([413, "request_too_large"]);
  });

  it("of an incomplete body are dropped", async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const socket = connect(server().port, "127.0.0.1", () => {
      socket.write(head("Content-Length: 100\r\n") + "only the beginning", () => socket.destroy());
    });
    socket.on("close", () => resolve());
    await closed;
    expect((await server().api.call("GET", "/healthz")).status).toBe(200);
  });
});

describe("after all of this", () => {
  it("the logs are empty, the catalog is as it was, and the server serves", async () => {
    const { api } = server();
    for (const topic of ["tagged", "small", "routed"]) {
      const { seq } = await api.publish(topic, topic === "routed" ? { body: "x", type: "k" } : { body: "x" });
      expect([topic, seq]).toEqual([topic, 1]);
      expect(await api.ok("GET", `/v1/topics/${topic}/subscriptions`)).toMatchObject({ items: [] });
    }
    const { items } = await api.ok<{ items: { name: string; retentionMs: number }[] }>("GET", "/v1/topics");
    expect(items.map(({ name, retentionMs }) => `${name} ${retentionMs}`)).toEqual([
      "ringback.events 604800000",
      "routed 3600000",
      "small 604800000",
      "tagged 604800000",
    ]);
  });
});
