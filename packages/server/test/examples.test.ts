/**
 * Real: every example as the process that its README starts, the server for examples that need one. Faked: the ports.
 */
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { accepts } from "./harness/accepts.ts";
import { freePort } from "./harness/free-port.ts";
import { startProgram, type Program } from "./harness/program.ts";
import { useServer } from "./harness/running-server.ts";
import { until, untilTrue } from "./harness/until.ts";

const examples = fileURLToPath(new URL("../../../examples", import.meta.url));

function example(file: string, ...args: readonly string[]): Program {
  return startProgram(process.execPath, ["--conditions=ringback-source", `${examples}/${file}`, ...args]);
}

/** Runs a sender to its end and returns its output. */
async function sent(file: string, ...args: readonly string[]): Promise<string> {
  await using program = example(file, ...args);
  await program.ended;
  return program.output();
}

async function receiver(file: string): Promise<Program & { readonly url: string }> {
  const port = await freePort();
  const program = example(file, String(port));
  await until(`${file} listens`, () => accepts(port), Boolean);
  return { ...program, url: `http://127.0.0.1:${port}` };
}

describe("the examples through a server", () => {
  const server = useServer();

  it("push CMQ's JSON format", async () => {
    await using program = await receiver("cmq-http-delivery-zh/receiver.ts");
    expect(await sent("cmq-http-delivery-zh/sender.ts", server().url, `${program.url}/cgi`)).toContain(
      "topic: 'MyTopic'",
    );
    await untilTrue("it has arrived", () => /MyTopic \d+ \[a, b\] test message\n/.test(program.output()));
  });

  it("push CMQ's SIMPLIFIED format to Express", async () => {
    await using program = await receiver("cmq-http-delivery-en/receiver.ts");
    await sent("cmq-http-delivery-en/sender.ts", server().url, `${program.url}/cgi`);
    await untilTrue("it has arrived", () => /\d+ \[a, b\] test message\n/.test(program.output()));
  });

  it("add a WeChat handler and fetch from its buffer what was published, digit by digit", async () => {
    await using program = await receiver("wechat-http-handler/receiver.ts");
    const added = await sent("wechat-http-handler/sender.ts", server().url, `${program.url}/weixinCallback`);
    expect(added).toContain("error_code: 10000");
    await untilTrue("it has arrived", () => program.output().includes("7421806523987412345 wxid_a: 你好\n"));
    const fetched = await fetch(`${program.url}/weixinCallback`);
    expect(await fetched.text()).toMatch(/^\{"pushType":1,.*"msgSvrID":7421806523987412345\}\}$/);
    expect(await (await fetch(`${program.url}/weixinCallback`)).text()).toBe("");
  });
});

describe("the examples without a server", () => {
  it("call koipy's three callbacks, and refuse the user on the blacklist", async () => {
    await using program = await receiver("koipy-callbacks/receiver.ts");
    expect((await sent("koipy-callbacks/sender.ts", program.url)).split("\n")).toEqual([
      "onMessage continue - - 节点名称 HTTP延迟",
      expect.stringMatching(/^onPreSend continue - image image\/png \d+ bytes 节点名称 HTTP延迟$/),
      "onResult continue - - 节点名称 HTTP延迟 NewKey",
      "",
    ]);
    expect(await sent("koipy-callbacks/sender.ts", program.url, "koipybot1")).toMatch(
      /^onMessage reject 你已被拉黑! - /,
    );
  });

  it("ask an Opencard webhook for a card that it has, and for one that it has not", async () => {
    await using program = await receiver("baidu-opencard-webhook/receiver.ts");
    expect(await sent("baidu-opencard-webhook/sender.ts", program.url)).toBe(
      'continue - {"status":0,"msg":"","data":{"item_list":[{"title":"故宫博物院"}],"jump_url":"/path/to/page3"}}\n',
    );
    expect(await sent("baidu-opencard-webhook/sender.ts", program.url, "999")).toMatch(/^reject Invalid srcid /);
  });
});
