/**
 * Real: the server with all of its APIs, its sockets. Faked: browsers. The requests have the headers of browsers.
 * `browser.test.ts` uses a real browser.
 */
import { request } from "node:http";
import { beforeAll, describe, expect, it } from "vitest";
import { exchange } from "../src/api/testing/raw-connection.ts";
import { useServer } from "./harness/running-server.ts";

const consoleOrigin = "https://console.example";
const server = useServer({
  args: ["--allowed-hosts", "ringback.example", "--allowed-origins", consoleOrigin],
});

interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

type Headers = Readonly<Record<string, string>>;

async function send(method: string, path: string, headers: Headers, body = ""): Promise<RawAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>();
  const sent = request({ host: "127.0.0.1", port: server().port, method, path, headers, agent: false }, (response) => {
    let text = "";
    response.setEncoding("utf8").on("data", (piece: string) => (text += piece));
    response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
  });
  sent.on("error", reject);
  sent.end(body);
  return promise;
}

async function refusal(path: string, headers: Headers): Promise<unknown> {
  return JSON.parse((await send("POST", path, headers)).body);
}

type Route = readonly [method: string, path: string];

/** Every operation of the OpenAPI document, and the paths that the document does not contain. */
async function everyRoute(): Promise<readonly Route[]> {
  const { paths } = await server().api.ok<{ paths: Record<string, Record<string, unknown>> }>("GET", "/openapi.json");
  const described = Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => [method.toUpperCase(), path.replaceAll(/\{\w+\}/g, "kept")] as const),
  );
  return [
    ...described,
    ["GET", "/openapi.json"],
    ["GET", "/v2/index.php?Action=ListTopic"],
    ["POST", "/v2/index.php"],
    ["DELETE", "/v2/index.php"],
    ["POST", "/"],
    ["POST", "/api"],
    ["GET", "/nothing/at/this/path"],
    ["OPTIONS", "/v1/topics"],
    ["HEAD", "/v1/topics"],
    ["GET", "/"],
  ];
}

const ordinary = { host: "localhost" };
const hostile: readonly (readonly [what: string, headers: Headers, status: number, code: string, setting: string])[] = [
  ["a rebound host", { host: "rebound.attacker.example" }, 421, "host_not_allowed", "allowedHosts"],
  ["another origin", { ...ordinary, origin: "http://evil.example" }, 403, "origin_not_allowed", "allowedOrigins"],
  ["an opaque origin", { ...ordinary, origin: "null" }, 403, "origin_not_allowed", "allowedOrigins"],
  ["another site", { ...ordinary, "sec-fetch-site": "cross-site" }, 403, "origin_not_allowed", "allowedOrigins"],
  ["a sibling site", { ...ordinary, "sec-fetch-site": "same-site" }, 403, "origin_not_allowed", "allowedOrigins"],
  [
    "a page that opens a WebSocket",
    { ...ordinary, origin: "http://evil.example", connection: "Upgrade", upgrade: "websocket" },
    403,
    "origin_not_allowed",
    "allowedOrigins",
  ],
];

beforeAll(async () => {
  const { api } = server();
  await api.putTopic("kept");
  await api.subscribe("kept", "kept", { pull: {} });
  await api.ok("PUT", "/v1/inboxes/kept", { json: {} });
  await api.ok("POST", "/in/kept", { json: { precious: true } });
});

describe.each(hostile)("a request of %s", (_what, headers, status, code, setting) => {
  it("is refused on every route, with a sentence that names the setting, and changes nothing", async () => {
    const routes = await everyRoute();
    expect(routes.length).toBeGreaterThan(50);
    for (const [method, path] of routes) {
      const answer = await send(method, path, headers, method === "GET" ? "" : "{}");
      expect([method, path, answer.status]).toEqual([method, path, status]);
      expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
      const isProblem = answer.headers["content-type"] === "application/problem+json";
      const texts = method === "HEAD" ? [] : isProblem ? [setting, `"code":"${code}"`] : [setting];
      expect([path, texts.filter((text) => !answer.body.includes(text))]).toEqual([path, []]);
    }
    const { api } = server();
    expect(await api.ok("GET", "/v1/topics")).toMatchObject({ items: [{ name: "kept" }, { name: "ringback.events" }] });
    expect(await api.ok("GET", "/v1/topics/kept/subscriptions")).toMatchObject({
      items: [{ name: "kept", state: "active" }],
    });
    expect(await api.ok("GET", "/v1/api-keys")).toMatchObject({ items: [] });
    expect(await api.ok("GET", "/v1/inboxes/kept")).toMatchObject({ waiting: 1 });
  });

  it("is refused in the format of each compatibility API", async () => {
    const sentence = expect.stringContaining(setting) as string;
    expect(await refusal("/v2/index.php", headers)).toMatchObject({ code: 4000, message: sentence });
    expect(await refusal("/", { ...headers, "x-tc-action": "DescribeCmqTopics" })).toMatchObject({
      Response: { Error: { Message: sentence }, RequestId: expect.any(String) },
    });
    expect(await refusal("/api/", headers)).toMatchObject({ error_code: 10_002, description: sentence });
  });
});

describe("native programs", () => {
  it.each([
    ["HTTP/1.0 without a host", "GET /healthz HTTP/1.0\r\n\r\n", 200],
    ["HTTP/1.0 with a foreign host", "GET /healthz HTTP/1.0\r\nHost: a.example\r\n\r\n", 421],
    ["HTTP/1.1 without a host", "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n", 400],
    ["an empty host", "GET /healthz HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n", 400],
    ["two hosts", "GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: a.example\r\nConnection: close\r\n\r\n", 400],
    [
      "an absolute target",
      "GET http://localhost/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
      200,
    ],
    ["a foreign target", "GET http://a.example/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 421],
    ["a host with a port", "GET /healthz HTTP/1.1\r\nHost: LocalHost.:1\r\nConnection: close\r\n\r\n", 200],
    ["an IPv6 host", "GET /healthz HTTP/1.1\r\nHost: [::1]:8000\r\nConnection: close\r\n\r\n", 200],
    ["an allowed host", "GET /healthz HTTP/1.1\r\nHost: ringback.example\r\nConnection: close\r\n\r\n", 200],
    [
      "an expectation and a foreign host",
      "POST /in/kept HTTP/1.1\r\nHost: a.example\r\nExpect: 100-continue\r\nContent-Length: 1\r\nConnection: close\r\n\r\n1",
      421,
    ],
  ])("that send %s are answered %s", async (_what, bytes, status) => {
    const answer = await exchange(server().port, bytes);
    const statuses = [...answer.matchAll(/^HTTP\/1\.[01] (\d{3})/gm)].map((match) => Number(match[1]));
    expect(statuses.filter((one) => one !== 100)).toEqual([status]);
  });

  it("such as curl and fetch need no setting", async () => {
    const { api, url } = server();
    expect((await api.call("GET", "/v1/topics")).status).toBe(200);
    expect((await fetch(`${url}/healthz`, { headers: { "sec-fetch-site": "none" } })).status).toBe(200);
  });
});

describe("pages of an allowed origin", () => {
  const ofPage = { ...ordinary, origin: consoleOrigin, "sec-fetch-site": "cross-site" };

  it("get an answer to their preflight request on every route, also where nothing is", async () => {
    for (const [, path] of await everyRoute()) {
      const { status, headers } = await send("OPTIONS", path, {
        ...ofPage,
        "access-control-request-method": "PUT",
        "access-control-request-headers": "content-type,idempotency-key",
      });
      expect([path, status]).toEqual([path, 204]);
      expect(headers).toMatchObject({
        "access-control-allow-origin": consoleOrigin,
        "access-control-allow-methods": "PUT",
        "access-control-allow-headers": "content-type,idempotency-key",
        vary: "Origin",
      });
    }
  });

  it("can read answers, errors, streams and messages", async () => {
    const readable = { "access-control-allow-origin": consoleOrigin, "access-control-expose-headers": "*" };
    expect((await send("GET", "/v1/topics", ofPage)).headers).toMatchObject(readable);
    expect((await send("GET", "/v1/topics/none", ofPage)).headers).toMatchObject(readable);
    expect((await send("GET", "/none", ofPage)).headers).toMatchObject(readable);
    expect((await send("POST", "/v2/index.php", ofPage)).headers).toMatchObject(readable);
    expect((await send("GET", "/in/kept", ofPage)).headers).toMatchObject(readable);
    const events = await fetch(`${server().url}/v1/events`, { headers: { origin: consoleOrigin } });
    expect(events.headers.get("access-control-allow-origin")).toBe(consoleOrigin);
    await events.body?.cancel();
  });

  it("cannot use a host that is not a name of the server", async () => {
    expect((await send("GET", "/v1/topics", { ...ofPage, host: "rebound.attacker.example" })).status).toBe(421);
  });
});
