/**
 * Real: the `curl` lines of the guides in a shell, the server, a receiver, sockets, receivers' own libraries. Replaced:
 * the two ports.
 */
import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { expect, it } from "vitest";
import { isInstalled, runInShell } from "./harness/program.ts";
import { curlLines, readmeReceiver, readmeServer } from "./harness/readme.ts";
import { type Behaviour, type Receiver, startReceiver } from "./harness/receiver.ts";
import { useServer } from "./harness/running-server.ts";
import { until } from "./harness/until.ts";

const hasCurl = await isInstalled("curl");
const server = useServer({ env: { RINGBACK_MASTER_KEY: randomBytes(32).toString("base64") } });

/** Runs all `curl` lines of the guide, and returns their answers. */
async function runGuide(path: string, receiver: Receiver): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const line of curlLines(path)) {
    const typed = line
      .replaceAll(readmeServer, new URL(server().url).host)
      .replaceAll(readmeReceiver, new URL(receiver.url).host);
    answers.push(JSON.parse(await runInShell(`${typed} --show-error --fail-with-body`)));
  }
  return answers;
}

const merge: Behaviour = (_arrival, response) => {
  response.setHeader("content-type", "application/json").end('{"data":{"discount":10}}');
};

const arrivedAt = (receiver: Receiver) => until("a message", () => receiver.arrivals[0], Boolean);

it.skipIf(!hasCurl)("the guide to hooks calls a hook and gets the merged outcome", async () => {
  await using receiver = await startReceiver(merge);
  const [, outcome] = await runGuide("docs/guide/hooks.md", receiver);
  expect(outcome).toEqual({
    action: "continue",
    reason: null,
    data: { order: { id: 17, total: 250 }, discount: 10 },
    attachments: [],
    httpStatus: 200,
    durationMs: expect.any(Number),
    error: null,
    errorDetail: null,
  });
});

it.skipIf(!hasCurl)("the guide from Svix sends what a receiver verifies with the secret that it had", async () => {
  await using receiver = await startReceiver();
  await runGuide("docs/guide/from-svix.md", receiver);
  const arrival = await arrivedAt(receiver);
  const secret = /"secret":"(whsec_[^"]+)"/.exec(curlLines("docs/guide/from-svix.md").join("\n"))?.[1] ?? "";
  const headers = arrival?.headers as Record<string, string>;
  expect(new Webhook(secret).verify(arrival?.text ?? "", headers)).toEqual({
    type: "invoice.paid",
    data: { amount: 250 },
  });
});

it.skipIf(!hasCurl)("the guide from MNS sends what an MNS endpoint expects", async () => {
  await using receiver = await startReceiver();
  await runGuide("docs/guide/from-mns.md", receiver);
  const arrival = await arrivedAt(receiver);
  expect(arrival?.headers).toMatchObject({ "content-type": "text/xml;charset=utf-8", "x-mns-version": "2015-06-06" });
  expect(arrival?.text).toContain("<Message>order 17</Message>");
});

it.skipIf(!hasCurl)("the page about the start sends what a receiver verifies", async () => {
  await using receiver = await startReceiver();
  const answers = await runGuide("docs/start.md", receiver);
  const { secret } = answers[1] as { secret: string };
  const arrival = await arrivedAt(receiver);
  const verified = new Webhook(secret).verify(arrival?.text ?? "", arrival?.headers as Record<string, string>);
  expect(verified).toMatchObject({ type: "invoice.paid" });
});

it.skipIf(!hasCurl).each([
  ["cmq-json", '"msgBody":"test message"'],
  ["cmq-simplified", "test message"],
  ["wechat", '"msgSvrID":"7345678901234567890"'],
])("the page about the dialect %s sends what it shows", async (dialect, text) => {
  await using receiver = await startReceiver();
  await runGuide(`docs/dialects/${dialect}.md`, receiver);
  expect((await arrivedAt(receiver))?.text).toContain(text);
});

it.skipIf(!hasCurl)("the page about koipy calls a hook", async () => {
  await using receiver = await startReceiver();
  const [, outcome] = await runGuide("docs/dialects/koipy.md", receiver);
  expect(outcome).toMatchObject({ action: "continue", error: null });
});

it.skipIf(!hasCurl)("the page about Opencard sends an encrypted call", async () => {
  await using receiver = await startReceiver();
  await runGuide("docs/dialects/opencard.md", receiver);
  expect((await arrivedAt(receiver))?.text).toMatch(/^(?:[\w-]+\.){4}[\w-]+$/);
});
