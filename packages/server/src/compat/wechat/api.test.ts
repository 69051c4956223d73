import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { call } from "../../api/testing/call.ts";
import { storedSubscriptions, storedTopic, storedTopics } from "../../api/testing/stored.ts";
import { ReusedApps } from "../../api/testing/reused-apps.ts";
import { createTestApp, type TestApp } from "../../api/testing/test-app.ts";
import { RingbackError } from "../../domain/errors.ts";
import type { Subscription } from "../../domain/model.ts";
import { addTestApis } from "../testing/test-gateway.ts";
import { wechatLimits } from "./wechat-limits.ts";

// Real: the HTTP application, the WeChat API, the memory driver. Faked: events, random bytes. The random bytes count
// up.
let testApp: TestApp;
const apps = new ReusedApps(async () => {
  testApp = await createTestApp();
  await addTestApis(testApp);
  return testApp;
});
beforeEach(async () => void (testApp = await apps.next()));
afterAll(() => apps.close());

const robot = {
  alias: "",
  isLogin: false,
  nickName: "",
  pid: 0,
  port: expect.any(Number) as unknown,
  smallHeadImgUrl: "",
  userName: "",
};

/** Sends a request, checks status and envelope, and returns the envelope. */
async function send(body: unknown, headers: Readonly<Record<string, string>> = {}) {
  const text = typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
  const answer = await call(testApp.app, "POST", "/api/", { body: text, headers });
  expect(answer.status).toBe(200);
  expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
  expect(answer.json).toMatchObject({ robot });
  return answer.json as {
    error_code: number;
    description: string;
    data: { status: number; desc: string; cookie?: string; data?: { cookie: string }[] };
    type: number;
  };
}

async function added(request: object): Promise<string> {
  const { error_code: code, description, data } = await send({ type: 1001, ...request });
  expect([code, description, data.status]).toEqual([10000, "", 0]);
  return data.cookie ?? "";
}

const push = async (cookie: string) =>
  (await storedSubscriptions(testApp.store)).find(({ name }) => name === `wechat-${cookie}`)?.settings.push;

const documentsExample = ` {
  "type": 1001,
  "protocol": 2,
  "url": "http://127.0.0.1:8888/",
 } `;

describe("adding a handler", () => {
  it("accepts the documentation's example, trailing comma included, with any content type", async () => {
    for (const type of ["application/json", "application/x-www-form-urlencoded", "text/plain", "json", ""]) {
      const envelope = await send(documentsExample, type === "" ? {} : { "content-type": type });
      expect(envelope).toEqual({
        error_code: 10000,
        description: "",
        data: { status: 0, desc: "", cookie: expect.stringMatching(/^[0-9a-f]{32}$/) as unknown },
        robot,
        type: 1001,
      });
    }
    expect(await storedSubscriptions(testApp.store)).toHaveLength(5);
  });

  it("also works without the trailing slash in the path", async () => {
    const { json } = await testApp.app
      .inject({ method: "POST", url: "/api", payload: documentsExample })
      .then((response) => ({ json: response.json<{ error_code: number }>() }));
    expect(json.error_code).toBe(10000);
  });

  it("creates a missing message topic, and a subscription that uses one connection per message", async () => {
    const cookie = await added({ protocol: 2, url: "https://example.com/weixinCallback?a=1" });
    expect((await storedTopics(testApp.store)).map(({ name }) => name)).toEqual(["wechat"]);
    expect(await push(cookie)).toMatchObject({
      url: "https://example.com/weixinCallback?a=1",
      protocol: "wechat",
      connection: "close",
      headers: {},
    });
    expect(testApp.events.emitted).toMatchObject([
      { type: "topic.changed", topic: "wechat" },
      { type: "subscription.changed", topic: "wechat", subscription: `wechat-${cookie}` },
    ]);
  });

  it("does not change an existing topic", async () => {
    const { app, store } = testApp;
    await call(app, "PUT", "/v1/topics/wechat", { json: { retentionMs: 60_000 } });
    await added({ protocol: 2, url: "http://example.com/" });
    expect(await storedTopic(store, "wechat")).toMatchObject({ settings: { retentionMs: 60_000 } });
  });

  it.each([
    [{ protocol: 2, url: "http://127.0.0.1:8888/" }, "http://127.0.0.1:8888/", "close"],
    [{ protocol: "2", url: "HTTP://example.com" }, "HTTP://example.com", "close"],
    [{ protocol: 3, url: "ws://example.com:9/a" }, "ws://example.com:9/a", "keep-alive"],
    [{ protocol: 3, url: "wss://example.com" }, "wss://example.com", "keep-alive"],
    [{ protocol: 1, host: "127.0.0.1", port: 9000 }, "tcp://127.0.0.1:9000", "close"],
    [{ protocol: 1, host: "example.com", port: "9000" }, "tcp://example.com:9000", "close"],
    [{ protocol: "1", host: "::1", port: 1, byteOrder: "big" }, "tcp://[::1]:1", "close"],
    [{ protocol: 1, host: "h", port: 2, byteOrder: "little" }, "tcp://h:2?byteOrder=little", "close"],
  ])("takes %j", async (request, url, connection) => {
    expect(await push(await added(request))).toMatchObject({ url, connection, protocol: "wechat" });
  });

  it("accepts a type that is given as a string", async () => {
    expect(await send({ type: "1001", protocol: 2, url: "http://h/" })).toMatchObject({
      error_code: 10000,
      type: 1001,
    });
  });

  it("gives every handler its own cookie, even for the same address", async () => {
    const request = { protocol: 2, url: "http://h/" };
    expect(await added(request)).not.toBe(await added(request));
  });

  it.each<[object, RegExp]>([
    [{}, /^protocol: must be given/],
    [{ protocol: null }, /^protocol: must be given/],
    [{ protocol: 2 }, /^url: must be given/],
    [{ protocol: 2, url: 7 }, /^url: must be given/],
    [{ protocol: "two", url: "http://h/" }, /^protocol: must be a whole number/],
    [{ protocol: 2.5, url: "http://h/" }, /^protocol: must be a whole number/],
    [{ protocol: 2, url: "127.0.0.1:8888" }, /^url: must begin with http:\/\/ or https:\/\//],
    [{ protocol: 2, url: "ws://h/" }, /^url: must begin with http/],
    [{ protocol: 3, url: "ws://169.254.169.254/" }, /^url: names the address/],
    [{ protocol: 1, host: "2852039166", port: 80 }, /^url: names the address 169\.254\.169\.254, to which/],
    [{ protocol: 2, url: "http://169.254.169.254/" }, /^url: names the address 169\.254\.169\.254, to which/],
    [{ protocol: 2, url: "http://h/#a" }, /^url: must not have a fragment/],
    [{ protocol: 2, url: "http://me:hush@h/" }, /^url: must not contain a user name/],
    [{ protocol: 2, url: `http://h/${"x".repeat(3000)}` }, /^url: must have at most/],
    [{ protocol: 3, url: "http://h/" }, /^url: must begin with ws:\/\/ or wss:\/\//],
    [{ protocol: 3, url: "tcp://h:1" }, /^url: must begin with ws/],
    [{ protocol: 1, url: "tcp://h:1" }, /^host: must be given/],
    [{ protocol: 1, host: "h" }, /^port: must be given/],
    [{ protocol: 1, host: "h", port: 0 }, /^port: must be a whole number from 1 to 65535/],
    [{ protocol: 1, host: "h", port: "65536" }, /^port: must be a whole number from 1/],
    [{ protocol: 1, host: "h", port: "80; rm" }, /^port: must be a whole number/],
    [{ protocol: 1, host: "h:1", port: 2 }, /^host: must be a host name/],
    [{ protocol: 1, host: "me@h", port: 2 }, /^host: must be a host name/],
    [{ protocol: 1, host: "h?byteOrder=little", port: 2 }, /^host: must be a host name/],
    [{ protocol: 1, host: "256.1.1.1", port: 2 }, /^host: is not a valid URL/],
    [{ protocol: 1, host: "h", port: 2, byteOrder: "middle" }, /^byteOrder: must be "big" or "little"/],
  ])("says what is missing or wrong in %j", async (request, description) => {
    const envelope = await send({ type: 1001, ...request });
    expect(envelope).toMatchObject({ error_code: 10002, data: { status: -1, cookie: "" }, type: 1001 });
    expect(envelope.description).toMatch(description);
    expect(envelope.data.desc).toBe(envelope.description);
    expect(envelope.description).not.toContain("hush");
    expect(await storedSubscriptions(testApp.store)).toHaveLength(0);
  });

  it.each([
    [4, /^protocol 4 \(window messages\) is not supported; use 1 \(TCP\), 2 \(HTTP\) or 3 \(WebSocket\)$/],
    [5, /^protocol 5 \(handlers inside the process\) is not supported/],
    [0, /^protocol 0 is not supported/],
    [-1, /^protocol -1 is not supported/],
  ])("does not do protocol %d and says so", async (protocol, description) => {
    const envelope = await send({ type: 1001, protocol, hWnd: 1, url: "http://h/" });
    expect(envelope).toMatchObject({ error_code: 10003, data: { status: -1 } });
    expect(envelope.description).toMatch(description);
  });

  it("is limited in number, also for concurrent requests, until a handler is removed", async () => {
    const request = { protocol: 2, url: "http://h/" };
    const cookies: string[] = [];
    for (let count = 2; count < wechatLimits.handlersMax; count++) cookies.push(await added(request));
    const codes = await Promise.all([1, 2, 3, 4].map(async () => (await send({ type: 1001, ...request })).error_code));
    expect(codes.toSorted((a, b) => a - b)).toEqual([10000, 10000, 10002, 10002]);
    expect(await send({ type: 1001, ...request })).toMatchObject({ description: "At most 100 handlers are allowed." });
    await send({ type: 1002, cookie: cookies[0] });
    await added(request);
  });
});

describe("listing and removing", () => {
  it("lists handlers with cookie, address and the misspelt protocol", async () => {
    expect(await send({ type: 1003 })).toMatchObject({ error_code: 10000, data: { status: 0, desc: "", data: [] } });
    const http = await added({ protocol: 2, url: "http://h/" });
    const webSocket = await added({ protocol: 3, url: "ws://h/" });
    const tcp = await added({ protocol: 1, host: "::1", port: "9", byteOrder: "little" });
    const { data } = await send({ type: 1003 });
    expect(data).toEqual({
      status: 0,
      desc: "",
      data: [
        { cookie: http, protocol: 2, pcotocol: 2, url: "http://h/" },
        { cookie: webSocket, protocol: 3, pcotocol: 3, url: "ws://h/" },
        { cookie: tcp, protocol: 1, pcotocol: 1, host: "::1", port: 9, byteOrder: "little" },
      ],
    });
  });

  it("lists all handlers, and no other subscriptions of the topic", async () => {
    const { app, store } = testApp;
    const cookie = await added({ protocol: 2, url: "http://h/" });
    const topic = await storedTopic(store, "wechat");
    const [handler] = (await storedSubscriptions(store)) as [Subscription];
    for (let count = 0; count < 450; count++)
      await store.catalog.putSubscription(topic.id, `a${count}`, handler.settings, "now");
    await call(app, "PUT", "/v1/topics/wechat/subscriptions/wechat-mine", { json: { push: { url: "http://h/" } } });
    expect((await send({ type: 1003 })).data.data).toEqual([{ cookie, protocol: 2, pcotocol: 2, url: "http://h/" }]);
  });

  it("removes by cookie, once", async () => {
    const cookie = await added({ protocol: 2, url: "http://h/" });
    const other = await added({ protocol: 2, url: "http://h/" });
    expect((await send({ type: 1002, cookie })).data).toEqual({ status: 0, desc: "", cookie });
    expect((await send({ type: 1003 })).data.data?.map((item) => item.cookie)).toEqual([other]);
    const again = await send({ type: 1002, cookie });
    expect(again).toMatchObject({
      error_code: 10000,
      data: { status: -1, desc: "there is no handler with this cookie" },
    });
    expect(testApp.events.emitted.at(-1)).toMatchObject({
      type: "subscription.deleted",
      subscription: `wechat-${cookie}`,
    });
  });

  it.each(["mine", "../x", "", "0".repeat(32), "A".repeat(32), "__proto__", "x".repeat(50_000)])(
    "removes no other subscription under the cookie %j",
    async (cookie) => {
      const { app, store } = testApp;
      await call(app, "PUT", "/v1/topics/wechat");
      await call(app, "PUT", "/v1/topics/wechat/subscriptions/wechat-mine", { json: { push: { url: "http://h/" } } });
      expect((await send({ type: 1002, cookie })).data.status).toBe(-1);
      expect(await storedSubscriptions(store)).toHaveLength(1);
    },
  );

  it.each([{}, { cookie: 7 }, { cookie: null }])("requires the cookie: %j", async (request) => {
    expect(await send({ type: 1002, ...request })).toMatchObject({
      error_code: 10002,
      description: "cookie: must be given, as a string",
    });
  });
});

const secretOf = () => testApp.store.entries.get(testApp.store.catalog.defaultAccount().id, "wechat", "secret");

describe("the secret", () => {
  const url = "http://h/";

  it("is required in every request once it is set, until it is removed", async () => {
    expect(await send({ type: 1003, secretKey: "whatever" })).toMatchObject({ error_code: 10000 });
    expect(await send({ type: 1006, newSecretKey: "open sesame" })).toMatchObject({
      error_code: 10000,
      data: { status: 0, desc: "" },
    });
    for (const request of [
      { type: 1001, protocol: 2, url },
      { type: 1002, cookie: "0".repeat(32) },
      { type: 1003 },
      { type: 1006, newSecretKey: "" },
      { type: 28 },
    ]) {
      const others = request.type === 1003 ? ["open sesame ", 7, null, "x".repeat(10_000)] : [];
      for (const secretKey of [undefined, "", "open sesam", ...others]) {
        expect(await send({ ...request, secretKey })).toMatchObject({
          error_code: 10002,
          description: "secretKey: missing or wrong",
        });
      }
    }
    // The second request is checked against the cached digest.
    for (let count = 0; count < 2; count++) {
      expect(await send({ type: 1003, secretKey: "open sesame" })).toMatchObject({ error_code: 10000 });
    }
    expect(await send({ type: 1006, newSecretKey: "", secretKey: "open sesame" })).toMatchObject({ error_code: 10000 });
    expect(await send({ type: 1003 })).toMatchObject({ error_code: 10000 });
  });

  it("can be changed with the old secret, which is then refused", async () => {
    await send({ type: 1006, newSecretKey: "one" });
    await send({ type: 1003, secretKey: "one" });
    await send({ type: 1006, newSecretKey: "two", secretKey: "one" });
    expect(await send({ type: 1003, secretKey: "one" })).toMatchObject({ error_code: 10002 });
    expect(await send({ type: 1003, secretKey: "two" })).toMatchObject({ error_code: 10000 });
  });

  it("is stored as a salted hash, and is never logged", async () => {
    await send({ type: 1006, newSecretKey: "correct horse" });
    const first = JSON.stringify((await secretOf())?.value);
    await send({ type: 1006, newSecretKey: "correct horse", secretKey: "correct horse" });
    const second = JSON.stringify((await secretOf())?.value);
    expect(first).not.toBe(second);
    testApp.store.failure = new Error("the disk is on fire");
    await send({ type: 1001, protocol: 2, url, secretKey: "correct horse" });
    for (const text of [first, second, ...testApp.logLines]) expect(text).not.toContain("correct horse");
  });

  it.each([{}, { newSecretKey: 7 }, { newSecretKey: "x".repeat(257) }])("is not set by %j", async (request) => {
    expect(await send({ type: 1006, ...request })).toMatchObject({ error_code: 10002 });
    expect(await secretOf()).toBeNull();
  });

  it("is accepted from its owner while many wrong guesses wait", async () => {
    await send({ type: 1006, newSecretKey: "owner's" });
    await send({ type: 1003, secretKey: "owner's" });
    const guesses = Array.from({ length: 60 }, (_, index) => send({ type: 1003, secretKey: `guess ${index}` }));
    expect(await send({ type: 1003, secretKey: "owner's" })).toMatchObject({ error_code: 10000 });
    expect(new Set((await Promise.all(guesses)).map((envelope) => envelope.error_code))).toEqual(new Set([10002]));
  });
});

describe("an invalid request is answered with an envelope", () => {
  it.each(["", "hello", "{", '{"type":1001,,}', "type=1001&protocol=2", Buffer.from([0x7b, 0xff, 0x7d])])(
    "that is not JSON: %j",
    async (body) => {
      expect(await send(body)).toMatchObject({
        error_code: 10001,
        description: "the request is not valid JSON",
        data: { status: -1 },
        type: 0,
      });
    },
  );

  it.each(["[]", "null", "7", '"1001"', '[{"type":1001}]', `${"[".repeat(20_000)}${"]".repeat(20_000)}`])(
    "that is JSON and no object",
    async (body) => {
      expect(await send(body)).toMatchObject({ error_code: 10002, description: "the request must be a JSON object" });
    },
  );

  it.each([{}, { type: null }, { type: "add" }, { type: 1.5 }, { type: [1001] }, { type: 1e300 }])(
    "whose type is missing or no number: %j",
    async (request) => {
      expect((await send(request)).description).toMatch(/^type: must be/);
      expect(await send(request)).toMatchObject({ error_code: 10002, type: 0 });
    },
  );

  it("when its type is inherited from the prototype", async () => {
    expect(await send('{"__proto__":{"type":1003}}')).toMatchObject({ error_code: 10002 });
  });

  it.each([0, 28, 1004, 1005, 10009, -7, "81"])("when its type is not supported: %j", async (type) => {
    const envelope = await send({ type, userName: "filehelper", msgContent: "hi" });
    expect(envelope).toMatchObject({ error_code: 10003, data: { status: -1 }, type: Number(type) });
    expect(envelope.description).toMatch(/^type -?\d+ is not supported; use 1001/);
  });

  it("when it is too large or compressed", async () => {
    const large = JSON.stringify({ type: 1003, x: "y".repeat(64 * 1024) });
    expect(await send(large)).toMatchObject({
      error_code: 10002,
      description: expect.stringMatching(/larger than 65536/) as unknown,
    });
    expect(await send("{}", { "content-encoding": "gzip" })).toMatchObject({ error_code: 10002 });
  });

  it("when the disk is full, and when the server fails unexpectedly", async () => {
    testApp.store.failure = new RingbackError("storage_full");
    const request = { type: 1001, protocol: 2, url: "http://h/" };
    expect(await send(request)).toMatchObject({
      error_code: 10002,
      description: expect.stringMatching(/full/) as unknown,
    });
    testApp.store.failure = new Error("broken: secret detail");
    const envelope = await send(request);
    expect(envelope).toMatchObject({ error_code: 10002 });
    expect(envelope.description).not.toContain("detail");
    expect(testApp.logLines.at(-1)).toContain('"api":"wechat","type":');
  });

  it("but another method gets an ordinary problem document", async () => {
    const answer = await call(testApp.app, "GET", "/api/");
    expect([answer.status, answer.headers["allow"]]).toEqual([405, "POST"]);
  });
});
