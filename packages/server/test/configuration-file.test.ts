/**
 * Real: the server inside the test's process, its database, sockets, koipy's own sample server, the SDK's receiver for
 * Opencard. Nothing is faked. One configuration file is the server's only setting. The server's hooks call the sample
 * server and the receiver.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createOpencardReceiver } from "@ringback/sdk/opencard";
import { toNodeHandler } from "@ringback/sdk/receive";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCommandInProcess } from "../src/cli/testing/command-in-process.ts";
import type { CommandInProcess } from "../src/cli/testing/command-in-process.ts";
import { Api, subscriptionPath } from "./harness/api.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { callHook, expectKoipyOutcomes, koipyCallbacks } from "./harness/hooks.ts";
import { post } from "./harness/inbox.ts";
import { listening } from "./harness/listening.ts";
import { startReceiver } from "./harness/receiver.ts";
import type { Receiver } from "./harness/receiver.ts";
import { untilTrue } from "./harness/until.ts";

const jwk = { kty: "oct", k: Buffer.from("correct horse 16").toString("base64url") };
const cards = { "123": () => ({ item_list: [{ title: "故宫博物院" }], jump_url: "/path/to/page3" }) };

describe("what a configuration file declares", () => {
  const programs = new AsyncDisposableStack();
  let command: CommandInProcess;
  let api: Api;
  let receiver: Receiver;

  beforeAll(async () => {
    const { path } = programs.use(await temporaryFolder());
    receiver = programs.use(await startReceiver());
    const koipy = programs.use(await listening(koipyCallbacks));
    const opencard = createOpencardReceiver({ keys: { "0": jwk }, cards });
    const webhook = programs.use(await listening(toNodeHandler(opencard)));
    const file = join(path, "ringback.yaml");
    await writeFile(
      file,
      `
listen: 127.0.0.1:0
data: ${JSON.stringify(join(path, "data"))}
masterKey: ${Buffer.alloc(32, 0xa7).toString("base64")}
topics:
  orders:
    subscriptions:
      billing:
        push: { url: "${receiver.url}", protocol: cmq-json }
        filter: { types: ["order.#"] }
      workers:
        pull: { visibilityMs: 5000 }
inboxes:
  weixin: { whilePolledMs: 300000 }
  orders: { topic: orders }
callbacks:
  onMessage: ${koipy.url}/onMessage # 回调地址
  onPreSend: ${koipy.url}/onPreSend # 回调地址
  onResult: ${koipy.url}/onResult # 回调地址
hooks:
  card: {urls: ["${webhook.url}/"], protocol: opencard, key: "0", onError: reject}
keys:
  "0":
    jwk: ${JSON.stringify(jwk)}
apiKeys:
  shop: { secretId: AKIDshop, secretKey: 0123456789abcdefX }
`,
    );
    command = startCommandInProcess(["serve", "--config", file]);
    programs.defer(async () => {
      command.signal("SIGTERM");
      expect((await command.ended).code).toBe(0);
    });
    const [, url = ""] = await command.stdoutMatch(/"url":"(http:[^"]+)".*"msg":"listening"/);
    api = new Api(url);
  });
  afterAll(() => programs.disposeAsync());

  it("exists when the server listens: a topic that pushes", async () => {
    await api.publish("orders", { body: "x", type: "order.new" });
    await untilTrue("it has arrived", () => receiver.arrivals.length === 1);
    expect(JSON.parse(receiver.arrivals[0]?.text ?? "")).toMatchObject({ topicName: "orders", msgBody: "x" });
  });

  it("may be a subscription that is pulled, and an API key", async () => {
    expect(await api.ok("GET", subscriptionPath("orders", "workers"))).toMatchObject({
      pull: { visibilityMs: 5_000 },
    });
    expect(await api.ok("GET", "/v1/api-keys")).toMatchObject({
      items: [{ id: "AKIDshop", name: "shop", usable: true }],
    });
  });

  it("may be an inbox, with or without a topic", async () => {
    await post(`${api.url}/in/orders`, "1");
    expect(await api.ok("GET", "/v1/inboxes/orders")).toMatchObject({ topic: "orders" });
    expect(await api.ok("GET", "/v1/inboxes/weixin")).toMatchObject({ whilePolledMs: 300_000, waiting: 0 });
  });

  it("may be koipy's own callbacks block", () => expectKoipyOutcomes(api));

  it("may be a hook in Opencard's dialect under a key of the file", async () => {
    const question = { type: "sp_ala", srcid: "123", surface: "mobile", intent: {} };
    expect(await callHook(api, "card", question)).toMatchObject({
      action: "continue",
      data: { status: 0, data: { item_list: [{ title: "故宫博物院" }] } },
      error: null,
    });
    expect(await callHook(api, "card", { ...question, srcid: "124" })).toMatchObject({
      action: "reject",
      reason: "Invalid srcid",
    });
    // The key is replaced by another one with the same name. The webhook then refuses the call, without a valid reply.
    await api.ok("PUT", "/v1/keys/0", { json: { jwk: { kty: "oct", k: "ZmVkY2JhOTg3NjU0MzIxMA" } } });
    expect(await callHook(api, "card", question)).toMatchObject({
      action: "reject",
      httpStatus: 400,
      error: "http_status",
    });
  });
});
