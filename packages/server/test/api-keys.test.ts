/** Real: the command in this process, a data folder, and a server on it. */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadConfig } from "../src/config/config.ts";
import { createLog } from "../src/ops/log.ts";
import { startServer, type RunningServer } from "../src/server.ts";
import { temporaryFolder, type TemporaryFolder } from "./harness/folder.ts";
import { runCommandInProcess } from "../src/cli/testing/command-in-process.ts";

let folder: TemporaryFolder;
let server: RunningServer | null = null;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  await server?.close();
  server = null;
  await folder[Symbol.asyncDispose]();
});

const log = createLog({ level: "fatal", pretty: false });

async function start(env: Record<string, string> = {}): Promise<string> {
  const flags = { data: folder.path, listen: "127.0.0.1:0" };
  const config = loadConfig({ flags, env, readFile: () => "" });
  server = await startServer(config, { log });
  return server.url;
}

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await runCommandInProcess(["api-keys", ...args], { env });
  return {
    code,
    stderr,
    stdout,
    json: () =>
      stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
  };
}

describe("ringback api-keys", () => {
  it("makes the first key without a server, and the server then refuses requests without a key", async () => {
    const created = await run(["create", "--role", "operator", "--data", folder.path]);
    expect([created.code, created.stderr]).toEqual([0, ""]);
    const token = created.stdout.trim();
    const url = await start();
    const get = (headers: Record<string, string>) => fetch(`${url}/v1/topics`, { headers });
    expect([(await get({})).status, (await get({ authorization: `Bearer ${token}` })).status]).toEqual([401, 200]);
  });

  it("creates, lists, replaces and revokes keys, with and without a server", async () => {
    const operator = (await run(["create", "--role", "operator", "--data", folder.path])).stdout.trim();
    const limited = ["create", "--role", "publish", "--topic", "a*", "--topic", "b", "--name", "shop", "--json"];
    const [first] = (await run([...limited, "--data", folder.path])).json();
    expect(first).toMatchObject({ name: "shop", role: "publish", topics: ["a*", "b"], lastUsedAt: null });
    const url = await start();
    const remote = (args: readonly string[]) => run([...args, "--url", url], { RINGBACK_API_KEY: operator });
    const [second] = (await remote(limited)).json();
    const listed = (await remote(["list", "--json"])).json();
    const ids = listed.map(({ id }: { id: string }) => id);
    expect(ids).toEqual(expect.arrayContaining([first.id, second.id]));
    const [replacement] = (await remote(["rotate", first.id, "--json"])).json();
    const status = async ({ token }: { token: string }) => {
      const init = { method: "POST", headers: { authorization: `Bearer ${token}` }, body: "x" };
      return (await fetch(`${url}/v1/topics/none/messages?raw=true`, init)).status;
    };
    expect([await status(first), await status(second), await status(replacement)]).toEqual([401, 403, 403]);
    expect((await remote(["revoke", second.id])).stdout).toBe(`revoked ${second.id}\n`);
    expect(await status(second)).toBe(401);
    expect((await remote(["revoke", second.id])).stderr).toContain("api_key_not_found");
  });

  it("leaves a record of each change, with and without a server", async () => {
    const operator = (await run(["create", "--role", "operator", "--data", folder.path])).stdout.trim();
    const [key] = (await run(["create", "--role", "read", "--json", "--data", folder.path])).json();
    const [next] = (await run(["rotate", key.id, "--json", "--data", folder.path])).json();
    await run(["revoke", key.id, "--data", folder.path]);
    const url = await start();
    await run(["revoke", next.id, "--url", url], { RINGBACK_API_KEY: operator });
    const answer = await fetch(`${url}/v1/audit`, { headers: { authorization: `Bearer ${operator}` } });
    const text = await answer.text();
    const { items } = JSON.parse(text) as { items: Record<string, Record<string, unknown>>[] };
    const operatorId = items.at(-1)?.["after"]?.["id"];
    const command = { id: "command-line", name: null };
    const id = expect.any(String) as string;
    expect(items).toMatchObject([
      { who: { id: operatorId }, action: "deleteApiKey", target: `api-keys/${next.id}`, source: "127.0.0.1" },
      { who: command, action: "deleteApiKey", target: `api-keys/${key.id}`, before: { id: key.id }, after: null },
      {
        who: command,
        action: "rotateApiKey",
        target: `api-keys/${key.id}`,
        before: { id: key.id },
        after: { id: next.id },
      },
      { who: command, action: "createApiKey", target: `api-keys/${key.id}`, before: null, after: { role: "read" } },
      { who: command, action: "createApiKey", source: null, before: null, after: { id, role: "operator" } },
    ]);
    for (const secret of [operator, key.token, key.secretKey, next.token]) expect(text).not.toContain(secret);
  });

  it("says what to do while a server uses the folder", async () => {
    await start();
    const { code, stderr } = await run(["create", "--role", "operator", "--data", folder.path]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^ringback: .*is in use.*\n$/);
  });

  it.each([
    [["create"], "--role"],
    [["create", "--role", "owner"], "Allowed choices are operator, admin, publish, consume, read"],
    [["revoke", "AKIDnothing"], "there is no API key AKIDnothing"],
    [["create", "--role", "admin", "--account", "nobody"], 'There is no account "nobody".'],
    [["create", "--role", "admin", "--expires", "tomorrow"], "expiresAt"],
  ])("%j fails with one line", async (args, sentence) => {
    const { code, stdout, stderr } = await run([...args, "--data", folder.path]);
    expect([code === 0, stdout, stderr.trim().split("\n").length]).toEqual([false, "", 1]);
    expect(stderr).toContain(sentence);
  });
});
