/**
 * Real: the commands of README.md's section "A signed, authenticated delivery" in a shell, the server, `ringback
 * receive`, sockets. Replaced: the two ports, the data folder, and `npx ringback`, which would download the package:
 * the sources of the command run in its place.
 */

import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startCommand } from "../src/cli/testing/command-process.ts";
import { temporaryFolder, type TemporaryFolder } from "./harness/folder.ts";
import { isInstalled, runInShell } from "./harness/program.ts";
import { readmeReceiver, readmeServer, sectionCommands } from "./harness/readme.ts";

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder[Symbol.asyncDispose]());

const inClone = (command: string): string => command.replace("npx ringback", "npm --silent run ringback --");

it("the README's five commands bring a signed message to a receiver, and strangers are refused", async (test) => {
  if (!(await isInstalled("curl"))) test.skip("there is no curl on this machine");
  const commands = sectionCommands("A signed, authenticated delivery");
  expect(commands).toHaveLength(5);
  const [createKey = "", start, subscribe = "", receive = "", publish = ""] = commands;
  const keyFile = `${folder.path}/api.key`;
  const inFolder = (command: string): string => command.replaceAll("api.key", keyFile);
  const data = `RINGBACK_DATA=${folder.path}/data`;

  for (const command of [createKey, start, receive, publish]) expect(command).toMatch(/^(?:RING\S+ )?npx ringback /);
  await runInShell(`${data} ${inFolder(inClone(createKey))}`);
  expect(readFileSync(keyFile, "utf8")).toMatch(/^rbk_\w+\n$/);

  expect(start).toBe("npx ringback serve");
  const server = startCommand(["serve", "--listen", "127.0.0.1:0", "--data", `${folder.path}/data`, "--json"]);
  const [, url = ""] = await server.stdoutMatch(/"url":"(http:[^"]+)"/);
  const port = startCommand(["receive", "--listen", "127.0.0.1:0", "--json"]);
  const [, receiver = ""] = await port.stdoutMatch(/"url":"http:\/\/([^"]+)"/);
  port.signal("SIGTERM");
  await port.ended;

  const onServer = (command: string) => inFolder(command).replaceAll(readmeServer, new URL(url).host);
  const answer = await runInShell(onServer(subscribe).replaceAll(readmeReceiver, receiver));
  const [secret = ""] = /whsec_[\w+/=]+/.exec(answer) ?? [];
  expect(secret).not.toBe("");

  expect(receive).toBe("npx ringback receive --secret whsec_…");
  const received = startCommand(["receive", "--secret", secret, "--listen", receiver, "--json"]);
  try {
    await received.stdoutMatch(/"url":/);
    const id = (await runInShell(`RINGBACK_URL=${url} ${inClone(onServer(publish))}`)).trim().split("\n").at(-1);
    const [line] = await received.stdoutMatch(/\{"type":"request".*\}/);
    expect(JSON.parse(line)).toMatchObject({
      protocol: "standard-webhooks",
      message: { messageId: id, body: "hello" },
      status: 204,
    });
    expect((await fetch(`${url}/v1/topics`)).status).toBe(401);
  } finally {
    received.signal("SIGTERM");
    server.signal("SIGTERM");
    await Promise.all([received.ended, server.ended]);
  }
});
