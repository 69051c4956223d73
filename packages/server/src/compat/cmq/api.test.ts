import { type IncomingMessage, request } from "node:http";
import { once } from "node:events";
import { connect } from "node:net";
import { setImmediate } from "node:timers/promises";
import { json } from "node:stream/consumers";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { RingbackError, type ErrorCode } from "../../domain/errors.ts";
import { storedMessages } from "../../api/testing/stored.ts";
import { cmqScene, type Scene, secretId, secretKey, signedForm, testHost } from "./testing/scene.ts";
import { recordedApi2, recordedAtMs } from "./testing/recorded-requests.ts";
import { cmqLimits } from "./cmq-limits.ts";

// Real: the HTTP application and the CMQ API. Faked, in memory: store, publisher, queues, events and clock.
let scene: Scene;
beforeEach(async () => {
  scene = await cmqScene();
});

const inWindow = String(recordedAtMs / 1000);
const form = (params: Record<string, string>, method = "POST") =>
  signedForm(
    method,
    new Map(Object.entries({ Timestamp: inWindow, Nonce: "1", SecretId: secretId, ...params })),
    "sha1",
  );

describe("a request", () => {
  it.each([
    ["GET", "sha1"],
    ["GET", "sha256"],
    ["POST", "sha1"],
    ["POST", "sha256"],
  ] as const)("is served by %s, signed with %s", async (method, sha) => {
    const answer = await scene.call("ListTopic", {}, { method, sha });
    expect(answer).toEqual({
      code: 0,
      message: "",
      requestId: expect.any(String) as string,
      totalCount: 0,
      topicList: [],
    });
    expect(Object.keys(answer)).toEqual(["code", "message", "requestId", "totalCount", "topicList"]);
  });

  it.each(recordedApi2)("recorded from $client is accepted", async ({ method, url, headers, body }) => {
    const response = await scene.app.inject({ method, url, headers, ...(method === "POST" && { payload: body }) });
    expect(response.statusCode).toBe(200);
    // The signature was accepted; only the topic is missing.
    expect(response.json()).toMatchObject({ code: 4440, message: expect.stringContaining("(10600)") as string });
  });

  it("gets its own request id, of decimal digits", async () => {
    const ids = [await scene.call("ListTopic"), await scene.call("Nothing")].map(({ requestId }) => requestId);
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect(id).toMatch(/^\d{9,}$/);
  });

  it.each(["7", "0", "-5", "1234567890123456789"])("gets its clientRequestId %s back as a number", async (id) => {
    const response = await scene.app.inject({
      method: "POST",
      url: "/v2/index.php",
      headers: { host: "cmq.test:8000", "content-type": "application/x-www-form-urlencoded" },
      payload: form({ Action: "ListTopic", clientRequestId: id }),
    });
    expect(response.body).toContain(`,"clientRequestId":${id},"totalCount":0`);
  });

  it.each(["x", "01", "1.5", '1,"code":1', "9".repeat(30)])("gets no clientRequestId back for %j", async (id) => {
    expect(Object.keys(await scene.call("ListTopic", { clientRequestId: id }))).not.toContain("clientRequestId");
  });

  it("may be signed with or without the host's port, but with no other host", async () => {
    const params = { Action: "ListTopic", SecretId: secretId, Timestamp: inWindow };
    const codeOf = async (nonce: string, host: string) => {
      const pairs = new Map(Object.entries({ ...params, Nonce: nonce }));
      return (await scene.send("POST", signedForm("POST", pairs, "sha1", host))).code;
    };
    expect(await codeOf("1", "cmq.test")).toBe(0);
    expect(await codeOf("2", "cmq.test:8000")).toBe(0);
    expect(await codeOf("3", "cmq.test:8001")).toBe(4100);
    expect(await codeOf("4", "elsewhere.test")).toBe(4100);
  });

  it("treats an underscore in a parameter's name as a dot, as the signature does", async () => {
    const message = { Action: "PublishMessage", topicName: "t", msgBody: "x", Nonce: "2" };
    await scene.call("CreateTopic", { topicName: "t" });
    await scene.call("Subscribe", { topicName: "t", subscriptionName: "s", protocol: "http", endpoint: "http://h/" });
    expect(
      await scene.send("POST", form({ ...message, "msgTag.0": "a" }).replace("msgTag.0", "msgTag_0")),
    ).toMatchObject({ code: 0 });
    expect((await storedMessages(scene.store)).at(-1)?.tags).toEqual(["a"]);
    const twice = form({ ...message, Nonce: "3", "msgTag.0": "a", msgTag_0: "b" });
    expect(await scene.send("POST", twice)).toMatchObject({ code: 4000, message: expect.stringMatching(/^\(10330\)/) });
  });

  it("may have an absolute URL as its target, as for a proxy", async () => {
    const query = form({ Action: "ListTopic" }, "GET");
    const url = await scene.app.listen({ host: "127.0.0.1", port: 0 });
    try {
      const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
      const path = `http://${testHost}/v2/index.php?${query}`;
      request(url, { path, headers: { host: testHost } }, resolve)
        .on("error", reject)
        .end();
      expect(await json(await promise)).toMatchObject({ code: 0, topicList: [] });
    } finally {
      await scene.app.close();
    }
  });

  it.each(["/v2/index.php", "/"])(
    "to %s that ends in the middle of its body is no failure of this server",
    async (path) => {
      const { port } = new URL(await scene.app.listen({ host: "127.0.0.1", port: 0 }));
      try {
        const accepted = once(scene.app.server, "request") as Promise<[IncomingMessage]>;
        const socket = connect(Number(port), "127.0.0.1");
        socket.write(`POST ${path} HTTP/1.1\r\nHost: a\r\nX-TC-Action: A\r\nContent-Length: 1000\r\n\r\nAction=`);
        const [received] = await accepted;
        const closed = once(received.socket, "close");
        socket.destroy();
        await closed;
        await setImmediate();
        expect(scene.logLines).toEqual([]);
      } finally {
        await scene.app.close();
      }
    },
  );

  it("may come without a content type", async () => {
    expect((await scene.send("POST", form({ Action: "ListTopic" }), { "content-type": "" })).code).toBe(0);
  });

  it.each(["PUT", "DELETE", "PATCH", "OPTIONS"] as const)("is refused by %s", async (method) => {
    const response = await scene.app.inject({ method, url: "/v2/index.php" });
    expect([response.statusCode, response.json<{ code: number; message: string }>().message]).toEqual([
      200,
      expect.stringContaining("(10410)"),
    ]);
  });

  it("is refused by HEAD, without a body", async () => {
    const receive = vi.spyOn(scene.queues, "receive");
    const response = await scene.app.inject({ method: "HEAD", url: "/v2/index.php?Action=ReceiveMessage" });
    expect([response.statusCode, response.body]).toEqual([200, ""]);
    expect(receive).not.toHaveBeenCalled();
  });

  it.each(["*/*;charset=utf-8", "application/json", "multipart/form-data; boundary=x", "text/plain", "nonsense"])(
    "may be a form that is sent as %s",
    async (type) => {
      const answer = await scene.send("POST", form({ Action: "ListTopic" }), { "content-type": type });
      expect(answer).toMatchObject({ code: 0, topicList: [] });
    },
  );

  it.each([
    ["Action=%zz", "(10420)"],
    ["a=1&a=2", "(10330)"],
    ["a=".repeat(3) + "&b&".repeat(50_000), "(10330)"],
    [Array.from({ length: 1000 }, (_, index) => `p${index}=1`).join("&"), "(10420)"],
    ["x".repeat(cmqLimits.requestBytesMax + 1), "(10420)"],
  ])("that cannot be read is refused (%#)", async (text, module) => {
    const answer = await scene.send("POST", text);
    expect(answer).toMatchObject({ code: 4000, message: expect.stringContaining(module) as string });
  });

  it("of random bytes is refused, and nothing of it is logged", async () => {
    for (let seed = 1; seed < 60; seed++) {
      const bytes = Buffer.from(Array.from({ length: 40 }, (_, index) => (seed * 31 + index * seed * 17) % 256));
      const response = await scene.app.inject({
        method: "POST",
        url: "/v2/index.php",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        payload: bytes,
      });
      expect(response.statusCode).toBe(200);
      expect(response.json<{ code: number }>().code).toBeGreaterThanOrEqual(4000);
    }
    expect(scene.logLines).toEqual([]);
  });
});

describe("authentication", () => {
  it.each([
    [{ SecretId: "" }, "4100/10030"],
    [{ SecretId: "AKIDother" }, "4100/10270"],
    [{ SecretId: "other" }, "4000/10450"],
    [{ SecretId: "__proto__" }, "4000/10450"],
    [{ Timestamp: "" }, "4000/10390"],
    [{ Timestamp: "now" }, "4000/10360"],
    [{ Nonce: "" }, "4000/10390"],
    [{ Nonce: "x" }, "4000/10360"],
    [{ Nonce: "9223372036854775807" }, "0"],
    [{ SignatureMethod: "HmacMD5" }, "4000/10350"],
    [{ SignatureMethod: "HmacSHA256" }, "4100/10030"],
    [{ Timestamp: Number(inWindow) - 300 }, "0"],
    [{ Timestamp: Number(inWindow) + 300 }, "0"],
    [{ Timestamp: Number(inWindow) - 301 }, "4300/10040"],
    [{ Timestamp: Number(inWindow) + 301 }, "4300/10040"],
    [{ Timestamp: "0" }, "4300/10040"],
  ])("is told by %j: %s", async (params, code) => {
    expect(await scene.code("ListTopic", params)).toBe(code);
  });

  it("refuses an unsigned request and a wrong signature", async () => {
    for (const signature of ["", "AAAA", "x".repeat(10_000)]) {
      const text = form({ Action: "ListTopic" }).replace(/Signature=.*/, `Signature=${signature}`);
      expect(await scene.send("POST", text)).toMatchObject({ code: 4100 });
    }
    expect((await scene.send("GET", "")).code).toBe(4100);
  });

  it("refuses a replayed request, but not another request with the same nonce", async () => {
    const text = form({ Action: "ListTopic" });
    expect((await scene.send("POST", text)).code).toBe(0);
    expect((await scene.send("POST", text)).message).toMatch(/^\(10040\)/);
    // The same signature, but the parameter is encoded in another form.
    expect((await scene.send("POST", text.replace(/Signature=/, "Signature=%20"))).code).toBe(4300);
    expect((await scene.send("POST", form({ Action: "ListQueue" }))).code).toBe(0);
  });

  it("accepts a replayed request where the setting allows it", async () => {
    scene = await cmqScene({ refuseReplays: false });
    const text = form({ Action: "ListTopic" });
    expect((await scene.send("POST", text)).code).toBe(0);
    expect((await scene.send("POST", text)).code).toBe(0);
    scene.clock.nowMs += 300_001;
    expect((await scene.send("POST", text)).code).toBe(4300);
  });

  it("never writes the secret to the log or a response", async () => {
    scene.store.failure = new Error("the disk is gone");
    const answer = await scene.call("CreateTopic", { topicName: "orders" });
    expect(answer).toMatchObject({ code: 6000, message: "(10050)the server cannot process the request at the moment" });
    await scene.call("ListTopic", { Signature: "x" });
    expect(scene.logLines).toHaveLength(1);
    expect(scene.logLines.join()).toContain("the disk is gone");
    expect(scene.logLines.join()).not.toMatch(new RegExp(`${secretKey}|${secretId}|Signature`));
  });

  it.each<[ErrorCode, number]>([
    ["storage_unavailable", 6000],
    ["storage_full", 6000],
    ["overloaded", 6000],
    ["shutting_down", 6000],
    ["topic_limit", 4450],
  ])("gets 200 and a code of CMQ's for %s", async (code, cmqCode) => {
    scene.store.failure = new RingbackError(code);
    expect((await scene.call("CreateTopic", { topicName: "orders" })).code).toBe(cmqCode);
    for (const line of scene.logLines) expect(JSON.parse(line)).toMatchObject({ errorCode: code });
  });

  it.each(["Nothing", "toString", "__proto__", "listTopic", ""])("refuses the unknown action %j", async (action) => {
    expect(await scene.code(action)).toBe("4000/10280");
  });

  it("requires an action", async () => {
    expect((await scene.send("POST", form({ topicName: "x" }))).message).toBe("(10390)parameter Action is missing");
  });
});
