/**
 * Real: the sample programs of the documents, Python with their libraries, the server as a child process, curl. Faked:
 * the ports.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder, type TemporaryFolder } from "../harness/folder.ts";
import { runInShell } from "../harness/program.ts";
import { Server } from "../harness/server.ts";
import { until, untilTrue } from "../harness/until.ts";
import { curlLines, startExample, startSample, type Sample } from "./sample-program.ts";

interface Outcome {
  readonly action: "continue" | "reject";
  readonly reason: string | null;
  readonly attachments: readonly object[];
  readonly data: unknown;
  readonly httpStatus: number | null;
  readonly error: string | null;
}

const sent = (sample: Sample, path: string): string => `http://127.0.0.1:${sample.port}${path}`;

describe("CMQ's server", () => {
  it("gets the message in the JSON format, prints it, and its ok counts as success", async () => {
    await using sample = await startSample(
      "cmq-http-delivery-zh",
      "start_server(80)",
      (port) => `start_server(${port})`,
    );
    await using folder = await temporaryFolder();
    await using server = await Server.start({ folder: folder.path });
    await server.api.putTopic("MyTopic");
    const push = { url: sent(sample, "/cgi"), protocol: "cmq-json" };
    await server.api.subscribe("MyTopic", "mysubscription", { push });
    const { id } = await server.api.publish("MyTopic", { body: "test message", tags: ["a", "b"] });
    const delivered = await until(
      "it is delivered",
      () => server.api.delivery(id, "mysubscription"),
      ({ state }) => state === "delivered",
    );
    expect(delivered.attempts).toMatchObject([{ verdict: "accepted", status: 200, reply: "ok" }]);
    await untilTrue("it is printed", () => sample.output().includes("key:msgBody value:test message"));
    expect(sample.output()).toContain(`x-cmq-message-id: ${id}\nx-cmq-message-tag: a, b\n`);
  });
});

describe("WeChat's FastAPI receiver", () => {
  it("gets what is published once curl has added it as a handler by the document's own request", async () => {
    await using sample = await startSample("wechat-http-handler", "port = 18000", (port) => `port = ${port}`);
    await using folder = await temporaryFolder();
    await using server = await Server.start({ folder: folder.path });
    const request = `{\n  "type": 1001,\n  "protocol": 2,\n  "url": "${sent(sample, "/weixinCallback")}",\n }`;
    const answer = JSON.parse(await runInShell(`curl -s ${server.url}/api/ -d '${request}'`)) as {
      data: { cookie: string };
    };
    expect(answer).toMatchObject({ error_code: 10000, description: "", data: { status: 0, desc: "" } });
    expect(answer.data.cookie).not.toBe("");

    const message = `{"pushType": 1, "pushTime": 1700000000, "data": {"content": "你好", "msgSvrID": 7421806523987412345}}`;
    await server.api.ok("POST", "/v1/topics/wechat/messages", {
      body: `{"body":${message}}`,
      headers: { "content-type": "application/json" },
    });
    await untilTrue("it has arrived", () => sample.output().includes("POST /weixinCallback"));
    const [text, status] = JSON.parse(await runInShell(`curl -s ${sent(sample, "/weixinCallback")}`)) as [
      string,
      number,
    ];
    expect(status).toBe(200);
    expect(text).toContain("7421806523987412345");
    expect(JSON.parse(text)).toMatchObject({ pushType: 1, data: { content: "你好" } });
    expect(await runInShell(`curl -s ${sent(sample, "/weixinCallback")}`)).toBe('["",200]');
  });
});

describe("koipy's aiohttp callback server", () => {
  let sample: Sample;
  let folder: TemporaryFolder;
  let server: Server;

  beforeAll(async () => {
    sample = await startSample("koipy-callbacks", "port=8080", (port) => `port=${port}`);
    folder = await temporaryFolder();
    const config = join(folder.path, "ringback.yaml");
    const lines = ["onMessage", "onPreSend", "onResult"].map((hook) => `  ${hook}: ${sent(sample, `/${hook}`)}`);
    writeFileSync(config, `callbacks:\n${lines.join("\n")}\n`);
    server = await Server.start({ folder: join(folder.path, "data"), args: ["--config", config] });
  });

  afterAll(async () => {
    await server.stop();
    await sample[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  const call = (hook: string, payload: object): Promise<Outcome> =>
    server.api.ok<Outcome>("POST", `/v1/hooks/${hook}/call`, { json: payload });

  it("lets a user's message pass", async () => {
    const payload = { message: { from_user: { username: "somebody" } } };
    expect(await call("onMessage", payload)).toMatchObject({ action: "continue", data: payload, httpStatus: 200 });
  });

  it("refuses the user on the blacklist", async () => {
    const outcome = await call("onMessage", { message: { from_user: { username: "koipybot_1" } } });
    expect(outcome).toMatchObject({ action: "reject", reason: "你已被拉黑!", httpStatus: 403, error: null });
  });

  it("refuses before sending with its image, whose bytes are the reason", async () => {
    const outcome = await call("onPreSend", { text: "hello" });
    expect(outcome).toMatchObject({ action: "reject", attachments: [], httpStatus: 403, error: null });
    expect(outcome.reason).toContain("PNG");
  });

  it("adds a column to the result", async () => {
    const result = { 节点名称: ["香港 01", "日本 02"], HTTP延迟: [31, 58] };
    const outcome = await call("onResult", { result, message: { id: 1 } });
    expect(outcome).toMatchObject({ action: "continue", httpStatus: 200, error: null });
    expect(outcome.data).toEqual({
      result: { ...result, NewKey: ["回调新增数据1", "回调新增数据1"] },
      message: { id: 1 },
    });
  });
});

describe("Opencard's jwcrypto webhook", () => {
  it("answers a card under the request's own header, and refuses a card that it does not have", async () => {
    await using sample = await startSample(
      "baidu-opencard-webhook",
      "HOST_NAME = 'localhost'\nPORT_NUMBER = 8000",
      (port) => `HOST_NAME = '127.0.0.1'\nPORT_NUMBER = ${port}`,
    );
    await using folder = await temporaryFolder();
    const config = join(folder.path, "ringback.yaml");
    writeFileSync(config, `masterKey: ${Buffer.alloc(32, 7).toString("base64url")}\n`);
    await using server = await Server.start({ folder: join(folder.path, "data"), args: ["--config", config] });
    await server.api.ok("PUT", "/v1/keys/0", { json: { jwk: { kty: "oct", k: "MDEyMzQ1Njc4OWFiY2RlZg" } } });
    await server.api.ok("PUT", "/v1/hooks/card", {
      json: { urls: [sent(sample, "/")], protocol: "opencard", key: "0", onError: "reject" },
    });
    const card = { type: "sp_ala", surface: "mobile", intent: {} };
    const call = (srcid: string): Promise<Outcome> =>
      server.api.ok<Outcome>("POST", "/v1/hooks/card/call", { json: { ...card, srcid } });
    expect(await call("123")).toMatchObject({
      action: "continue",
      data: {
        status: 0,
        msg: "",
        data: { item_list: [{ title: "故宫博物院" }], jump_url: "/path/to/page3" },
      },
      error: null,
    });
    expect(await call("7")).toMatchObject({
      action: "reject",
      reason: "Invalid srcid",
      data: { status: 2 },
      error: null,
    });
    expect(await runInShell(`curl -s -o /dev/null -w '%{http_code}' ${sent(sample, "/")}`)).toBe("404");
  });
});

describe("the curl lines in the examples' READMEs", () => {
  let folder: TemporaryFolder;
  let server: Server;

  beforeAll(async () => {
    folder = await temporaryFolder();
    server = await Server.start({
      folder: join(folder.path, "data"),
      env: { RINGBACK_MASTER_KEY: Buffer.alloc(32, 7).toString("base64url") },
    });
  });

  afterAll(async () => {
    await server.stop();
    await folder[Symbol.asyncDispose]();
  });

  it.each(["cmq-http-delivery-zh", "cmq-http-delivery-en"])("send %s's request, which is answered ok", async (name) => {
    await using receiver = await startExample(`${name}/receiver.ts`);
    const [line = ""] = curlLines(name);
    const answer = await runInShell(line.replace("127.0.0.1:9000", `127.0.0.1:${receiver.port}`).replace("-i", "-si"));
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nok$/);
    await untilTrue("it is printed", () => receiver.output().includes("6942316962 [a, b] test message"));
  });

  it("add a WeChat handler, with the document's own comma", async () => {
    const line = curlLines("wechat-http-handler").at(-1) ?? "";
    expect(line).toContain(",\n}");
    expect(JSON.parse(await runInShell(line.replace("127.0.0.1:8000", new URL(server.url).host)))).toMatchObject({
      error_code: 10000,
      description: "",
      data: { status: 0, desc: "", cookie: expect.stringMatching(/./) as string },
    });
  });

  it("put a key and a hook, and call an Opencard webhook", async () => {
    await using receiver = await startExample("baidu-opencard-webhook/receiver.ts");
    const answers: unknown[] = [];
    for (const line of curlLines("baidu-opencard-webhook")) {
      const ours = line
        .replace("127.0.0.1:8000", new URL(server.url).host)
        .replace("127.0.0.1:8001", `127.0.0.1:${receiver.port}`);
      answers.push(JSON.parse(await runInShell(ours)));
    }
    expect(answers).toMatchObject([
      { kid: "0" },
      { protocol: "opencard" },
      { action: "continue", data: { status: 0 } },
    ]);
  });
});
