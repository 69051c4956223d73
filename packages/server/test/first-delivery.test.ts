/**
 * Real: the server, a shell with the `curl` lines of README.md and of docs/guide/from-cmq.md, `ringback receive`,
 * CMQ's Python sample, sockets. Faked: the two ports in the documents, and the port 80 of the sample. Free ports
 * replace them.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { jsonRequest, simplifiedRequest } from "../../sdk/src/protocols/testing/cmq.vectors.ts";
import { startCommand } from "../src/cli/testing/command-process.ts";
import { RawReceiver } from "../src/transport/testing/raw-receiver.ts";
import { accepts } from "./harness/accepts.ts";
import { freePort } from "./harness/free-port.ts";
import { isInstalled, runInShell, startProgram } from "./harness/program.ts";
import { curlLines, readmeReceiver, readmeServer, sectionCommands } from "./harness/readme.ts";
import { useServer } from "./harness/running-server.ts";
import { until, untilTrue } from "./harness/until.ts";

/** The value of `TopicOwner` in the sample of CMQ's document. */
const appId = "100015036";

const server = useServer({ args: ["--account-app-id", appId] });

/** Runs a `curl` line of a document, with the ports of this run, and returns the answer. */
function typeLine(line: string, receiver: string): Promise<string> {
  const typed = line.replaceAll(readmeServer, new URL(server().url).host).replaceAll(readmeReceiver, receiver);
  return runInShell(`${typed} --silent --show-error --fail-with-body`);
}

it("the README's first delivery is a signed webhook, and the second is repeated", async (test) => {
  if (!(await isInstalled("curl"))) test.skip("there is no curl on this machine");
  const commands = sectionCommands("The first delivery");
  const [setUp = "", _install, _start, publish = "", attempts = "", receive = ""] = commands;
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  let answer = "";
  for (const line of setUp.split("\n")) answer = await typeLine(line, host);
  const { secret } = JSON.parse(answer) as { readonly secret: string };

  expect(receive).toBe("npx ringback receive --secret whsec_… --fail-first 1");
  const command = ["receive", "--secret", secret, "--listen", host, "--json", "--fail-first", "1"];
  const received = startCommand(command);
  try {
    await received.stdoutMatch(/"url":/);
    const { id } = JSON.parse(await typeLine(publish, host)) as { readonly id: string };
    const [line] = await received.stdoutMatch(/\{"type":"request".*"status":204.*\}/);
    expect(JSON.parse(line)).toMatchObject({
      path: "/webhook",
      protocol: "standard-webhooks",
      message: { messageId: id, body: '{"type":"invoice.paid","data":{"id":"in_17","amount":250}}' },
    });
    await until(
      "both attempts are recorded",
      async () => (JSON.parse(await typeLine(attempts, host)) as { readonly items: readonly object[] }).items,
      (items) => items.length === 2,
    );
  } finally {
    received.signal("SIGTERM");
    await received.ended;
  }
});

it("the README of the package has the same commands as the README", () => {
  const commands = sectionCommands("The first delivery").join("\n").split("\n");
  const lines = curlLines("packages/server/README.md");
  expect(lines).toHaveLength(3);
  for (const line of lines) expect(commands).toContain(line);
});

const cmqLines = () => sectionCommands("A push to a receiver of CMQ", "docs/guide/from-cmq.md").join("\n").split("\n");

/** Runs the lines of the guide to CMQ one after the other. Returns the id from the answer to the publish. */
async function typeCmqLines(receiver: string): Promise<string> {
  let answer = "";
  for (const line of cmqLines()) answer = await typeLine(line, receiver);
  return String((JSON.parse(answer) as { id: unknown }).id);
}

describe("the three curl lines of the guide to CMQ", () => {
  it("bring the POST to `ringback receive`", async (test) => {
    if (!(await isInstalled("curl"))) test.skip("there is no curl on this machine");
    const receive = startCommand(["receive", "--listen", "127.0.0.1:0", "--json"]);
    try {
      const [, host = ""] = await receive.stdoutMatch(/"url":"http:\/\/([^"]+)"/);
      const id = await typeCmqLines(host);
      const [line] = await receive.stdoutMatch(/\{"type":"request".*\}/);
      expect(JSON.parse(line)).toMatchObject({
        method: "POST",
        path: "/cgi",
        protocol: "cmq-json",
        message: {
          topicOwner: appId,
          topic: "MyTopic",
          subscription: "mysubscription",
          messageId: id,
          tags: ["a", "b"],
          body: "test message",
        },
        status: 200,
      });
    } finally {
      receive.signal("SIGTERM");
      await receive.ended;
    }
  });

  it("bring the POST to the Python sample of CMQ's own document, whose reply counts as success", async (test) => {
    if (!(await isInstalled("curl"))) test.skip("there is no curl on this machine");
    if (!(await isInstalled("python3"))) test.skip("there is no python3 on this machine, and npm brings none");
    const port = await freePort();
    const sample = readFileSync(new URL("../../../examples/cmq-http-delivery-zh/sample.py", import.meta.url), "utf8");
    const ours = sample.replace("start_server(80)", `start_server(${port})`);
    expect(ours).not.toBe(sample);
    await using python = startProgram("python3", ["-u", "-c", ours]);
    await until("the sample listens", () => accepts(port), Boolean);

    const id = await typeCmqLines(`127.0.0.1:${port}`);
    const delivered = await until(
      "the attempt is recorded",
      () => server().api.delivery(id, "mysubscription"),
      ({ state }) => state === "delivered",
    );
    // The sample is an HTTP/1.0 server. Its reply ends when the connection is closed.
    expect(delivered.attempts).toMatchObject([{ verdict: "accepted", status: 200, errorCode: null, reply: "ok" }]);
    await untilTrue("the sample has printed it", () => python.output().includes("key:publishTime"));
    for (const printed of [
      "receive cmq topic publisher request:\n",
      "Content-Type: text/plain\nUser-Agent: Qcloud Notification Service Agent\n",
      `x-cmq-message-id: ${id}\nx-cmq-message-tag: a, b\n`,
      `key:TopicOwner value:${appId}\nkey:topicName value:MyTopic\nkey:subscriptionName value:mysubscription\n` +
        `key:msgId value:${id}\nkey:msgBody value:test message\nkey:publishTime value:`,
    ]) {
      expect(python.output()).toContain(printed);
    }
  });
});

describe("the POST on the wire", () => {
  it.each([
    ["cmq-json", jsonRequest],
    ["cmq-simplified", simplifiedRequest],
  ])("has the form that CMQ's document prints for %s, byte for byte", async (protocol, sample) => {
    await using receiver = await RawReceiver.start(({ socket }) => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
    await server().api.putTopic("MyTopic");
    const push = { url: `${receiver.origin}/cgi`, protocol };
    await server().api.subscribe("MyTopic", "mysubscription", { push });
    const published = await server().api.publish("MyTopic", { body: "test message", tags: ["a", "b"] });
    await untilTrue("it has arrived", () => receiver.requests > 0);

    const wanted = splitRequest(sample.replaceAll("\n", "\r\n"));
    const got = splitRequest(receiver.connections[0]?.received() ?? "");
    const publishTime = String(Math.floor(Date.parse(published.publishedAt) / 1000));
    const [requestId = ""] = /(?<=x-cmq-request-id: )\d+/.exec(got.headers.join("\n")) ?? [];
    expect(requestId).not.toBe("");
    // Replaces the ids and the time in the document by those of this run.
    const asSent = (text: string) =>
      text.replace("2394928734", requestId).replace("6942316962", published.id).replace("11203432", publishTime);
    expect(got.line).toBe(wanted.line);
    expect(got.body).toBe(asSent(wanted.body));
    // The document's two `Content-Length` headers (761 and 123) do not match the lengths of its bodies.
    const inPlace = (header: string) =>
      asSent(header)
        .replace(/^Host: .*/, `Host: 127.0.0.1:${receiver.port}`)
        .replace(/^Content-Length: .*/, `Content-Length: ${Buffer.byteLength(got.body, "latin1")}`);
    expect(got.headers).toEqual(wanted.headers.map(inPlace));
  });
});

function splitRequest(text: string): { line: string; headers: string[]; body: string } {
  const end = text.indexOf("\r\n\r\n");
  const [line = "", ...headers] = text.slice(0, end).split("\r\n");
  return { line, headers, body: text.slice(end + 4) };
}
