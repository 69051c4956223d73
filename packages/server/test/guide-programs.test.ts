/**
 * The programs of the guides to receiving, hooks, pulls and MNS. Real: the programs with the published SDK, each in a
 * process of its own, the `curl` lines of the guides in a shell, the server. Replaced: the two ports.
 */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type PublishedPackage, publishedPackage } from "../../sdk/test/published-package.ts";
import { freePort } from "./harness/free-port.ts";
import { startGuideProgram, startGuideReceiver } from "./harness/guide-program.ts";
import { isInstalled, runInShell } from "./harness/program.ts";
import { curlLines, readmeReceiver, readmeServer } from "./harness/readme.ts";
import { useServer } from "./harness/running-server.ts";
import { untilTrue } from "./harness/until.ts";

const hasCurl = await isInstalled("curl");
const server = useServer({ env: { RINGBACK_MASTER_KEY: randomBytes(32).toString("base64") } });
let published: PublishedPackage;
beforeAll(async () => void (published = await publishedPackage()));
afterAll(() => published[Symbol.asyncDispose]());

/** Runs one `curl` line of a guide, and returns its answer. */
async function typed<T>(line: string | undefined, port: number): Promise<T> {
  const command = (line ?? "")
    .replaceAll(readmeServer, new URL(server().url).host)
    .replaceAll(readmeReceiver, `127.0.0.1:${port}`);
  return JSON.parse(await runInShell(`${command} --silent --show-error --fail-with-body`)) as T;
}

it.skipIf(!hasCurl)("the receiver prints a message, and why it refuses one with another secret", async () => {
  const guide = "docs/guide/receiving.md";
  const [putTopic, subscribe, publish] = curlLines(guide);
  const port = await freePort();
  await typed(putTopic, port);
  const { secret } = await typed<{ secret: string }>(subscribe, port);
  const program = { guide, name: "receiver.mjs", folder: published.folder };
  const other = `whsec_${randomBytes(32).toString("base64")}`;
  {
    await using wrong = await startGuideReceiver({ ...program, env: { WEBHOOK_SECRET: other } }, port);
    await typed(publish, port);
    await untilTrue("it is refused", () => wrong.output().includes("refused untrusted"));
    expect(wrong.output()).toContain("(wrong_signature)");
  }
  await using right = await startGuideReceiver({ ...program, env: { WEBHOOK_SECRET: secret } }, port);
  const { id } = await typed<{ id: string }>(publish, port);
  await untilTrue("it is received", () => right.output().includes(`received ${id} { amount: 250 }`));
});

it("the receiver does not start without a secret, and says so", async () => {
  const program = { guide: "docs/guide/receiving.md", name: "receiver.mjs", folder: published.folder };
  await using started = await startGuideProgram({ ...program, addresses: {}, env: {} });
  await started.ended;
  expect(started.output()).toContain("secrets[0]: there is no secret. Is the variable with the secret set?");
});

it.skipIf(!hasCurl)("the program that a hook asks merges, and rejects", async () => {
  const guide = "docs/guide/hooks.md";
  const [put, call] = curlLines(guide);
  const port = await freePort();
  await using program = await startGuideReceiver({ guide, name: "check.mjs", folder: published.folder }, port);
  await typed(put, port);
  expect(await typed(call, port)).toMatchObject({ action: "continue", data: { discount: 10, order: { total: 250 } } });
  expect(await typed(call?.replace("250", "2500"), port)).toMatchObject({
    action: "reject",
    reason: "This customer may spend 1000.",
  });
  expect(program.output()).toBe("");
});

it.skipIf(!hasCurl)("the worker pulls what was published, and acknowledges it", async () => {
  const guide = "docs/guide/pull.md";
  const [putTopic, subscribe, publish] = curlLines(guide);
  for (const line of [putTopic, subscribe, publish]) await typed(line, 0);
  await using worker = await startGuideProgram({
    guide,
    name: "worker.mjs",
    folder: published.folder,
    addresses: { [readmeServer]: new URL(server().url).host },
  });
  await untilTrue("it works on the message", () => worker.output().includes("working on resize cat.jpg"));
  await typed(publish, 0);
  await untilTrue("it works on the next one", () => worker.output().split("working on").length === 3);
});

it.skipIf(!hasCurl)("the receiver for MNS prints what the guide's lines publish", async () => {
  const guide = "docs/guide/from-mns.md";
  const port = await freePort();
  await using program = await startGuideReceiver({ guide, name: "receiver.mjs", folder: published.folder }, port);
  for (const line of curlLines(guide)) await typed(line, port);
  await untilTrue("it is printed", () => program.output().includes("orders [ 'paid' ] order 17"));
});
