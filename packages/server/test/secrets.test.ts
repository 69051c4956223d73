/**
 * Real: servers inside the test's process, the command `ringback migrate`, SQLite, a PostgreSQL, sockets. Nothing is
 * faked.
 */
import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommandInProcess } from "../src/cli/testing/command-in-process.ts";
import { PostgresServer } from "../src/store/postgres/testing/postgres-server.ts";
import { subscriptionPath, type Api } from "./harness/api.ts";
import { withMasterKey } from "./harness/cmq/account.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { listen } from "./harness/live-events.ts";
import { startReceiver, type Receiver } from "./harness/receiver.ts";
import { startServerInProcess } from "./harness/server.ts";
import { until, untilTrue } from "./harness/until.ts";

const secret = "Bearer 7f3a-secret";
const headers = { Authorization: secret };
const jwk = { kty: "oct", k: Buffer.from("correct horse 16").toString("base64url") };
const path = subscriptionPath("orders", "mail");

let receiver: Receiver;
let database: PostgresServer;
beforeAll(async () => {
  receiver = await startReceiver();
  database = await PostgresServer.start();
});
afterAll(async () => {
  await receiver[Symbol.asyncDispose]();
  await database.stop();
});

async function subscribe(api: Api, at: string): Promise<void> {
  await api.putTopic("orders");
  await api.subscribe("orders", "mail", { push: { url: `${receiver.url}/${at}`, headers } });
}

async function expectDelivered(api: Api, at: string): Promise<void> {
  const { id } = await api.publish("orders", { body: "x" });
  const arrivals = () => receiver.at(`/${at}`).filter(({ messageId }) => messageId === id);
  await untilTrue("the message has arrived", () => arrivals().length > 0);
  expect(arrivals()[0]?.headers.authorization).toBe(secret);
}

async function filesWith(folder: string, text: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of await readdir(folder)) {
    if ((await readFile(join(folder, name))).includes(text)) found.push(name);
  }
  return found;
}

async function newDatabase(name: string): Promise<string> {
  await database.query(`CREATE DATABASE ${name}`);
  return database.url(name);
}

describe("a server on a new folder, without any configuration", () => {
  it("stores and uses secrets with a master key that it makes, keeps and never shows", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "master.key");
    const outputs: string[] = [];
    {
      await using server = await startServerInProcess({ folder: folder.path });
      const { api } = server;
      await server.logged(/"level":"info".*master\.key.*made a master key/);
      await using live = await listen(server.url);
      expect(await api.call("PUT", "/v1/keys/k", { json: { jwk } })).toMatchObject({ status: 201 });
      await subscribe(api, "fresh");
      await expectDelivered(api, "fresh");
      const { events } = live;
      await untilTrue("its events have come", () => events.some(({ event }) => event === "delivery.attempted"));
      const shown = [await api.ok("GET", path), await api.ok("GET", "/v1/topics/orders/subscriptions"), events];
      expect(shown[0]).toMatchObject({ push: { headers: { Authorization: null } } });
      outputs.push(JSON.stringify(shown));
      expect(await filesWith(folder.path, secret)).toEqual([]);
      expect(await filesWith(folder.path, "Authorization")).not.toEqual([]);
      const ended = await server.stop();
      outputs.push(ended.stdout, ended.stderr);
    }
    const masterKey = await readFile(file, "utf8");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    {
      await using server = await startServerInProcess({ folder: folder.path });
      const { api } = server;
      expect(await api.ok("GET", "/v1/keys/k")).toMatchObject({ usable: true });
      expect(await api.call("PUT", "/v1/keys/k", { json: { jwk } })).toMatchObject({ status: 200 });
      await expectDelivered(api, "fresh");
      const ended = await server.stop();
      outputs.push(ended.stdout, ended.stderr);
    }
    expect(await readFile(file, "utf8")).toBe(masterKey);
    expect(await filesWith(folder.path, masterKey.trim())).toEqual(["master.key"]);
    for (const text of [secret, masterKey.trim(), jwk.k]) {
      for (const output of outputs) expect(output).not.toContain(text);
    }
  });

  it("changes its master key while it runs, and opens everything with the new one alone", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "master.key");
    {
      await using server = await startServerInProcess({ folder: folder.path });
      await subscribe(server.api, "resealed");
      await server.api.ok("PUT", "/v1/keys/k", { json: { jwk } });
      const before = await readFile(file, "utf8");
      const rotated = await runCommandInProcess(["keys", "rotate-master", "--url", server.url, "--json"]);
      expect(JSON.parse(rotated.stdout)).toMatchObject({
        newKey: true,
        resealed: { keys: 1, apiKeys: 0, inboxes: 0, hooks: 0, subscriptions: 1 },
      });
      expect(await readFile(`${file}.1`, "utf8")).toBe(before);
      expect(await readFile(file, "utf8")).not.toBe(before);
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      await expectDelivered(server.api, "resealed");
    }
    await rm(`${file}.1`);
    await using server = await startServerInProcess({ folder: folder.path });
    expect(await server.api.ok("GET", "/v1/keys/k")).toMatchObject({ usable: true });
    await expectDelivered(server.api, "resealed");
  });

  it("opens what it stored after a master key is configured, and names what no master key opens", async () => {
    await using folder = await temporaryFolder();
    {
      await using server = await startServerInProcess({ folder: folder.path });
      await subscribe(server.api, "rotated");
      await server.api.ok("PUT", "/v1/keys/k", { json: { jwk } });
    }
    const env = withMasterKey();
    {
      await using server = await startServerInProcess({ folder: folder.path, env });
      expect(await server.api.ok("GET", "/v1/keys/k")).toMatchObject({ usable: true });
      await expectDelivered(server.api, "rotated");
    }
    await writeFile(join(folder.path, "master.key"), `${Buffer.alloc(32, 3).toString("base64url")}\n`);
    await using server = await startServerInProcess({ folder: folder.path, env });
    await server.logged(/"level":"warn".*"subscriptions":\["orders\/mail"\].*cannot be decrypted/);
    const { id } = await server.api.publish("orders", { body: "x" });
    const { attempts } = await until(
      "an attempt has failed",
      () => server.api.delivery(id, "mail"),
      (delivery) => delivery.attempts.length > 0,
    );
    expect(attempts[0]).toMatchObject({ errorCode: "key_unavailable", status: null });
    await subscribe(server.api, "rotated");
    await expectDelivered(server.api, "rotated");
  });

  it("does not start with a damaged file of the master key, and says which file and what to do", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "master.key"), "damaged\n");
    const args = ["serve", "--listen", "127.0.0.1:0", "--data", folder.path];
    const { code, stderr } = await runCommandInProcess(args);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^ringback: The file of the master key "\S+master\.key" cannot be used: .* Restore .*\n$/);
    expect(await readFile(join(folder.path, "master.key"), "utf8")).toBe("damaged\n");
  });
});

it("headers of a declared subscription are the same after each start, so it does not change", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "ringback.yaml");
  const subscription = { push: { url: receiver.url, headers } };
  await writeFile(file, JSON.stringify({ topics: { orders: { subscriptions: { mail: subscription } } } }));
  const tags: (string | null)[] = [];
  for (let start = 1; start <= 2; start++) {
    await using server = await startServerInProcess({ folder: join(folder.path, "data"), args: ["--config", file] });
    tags.push((await server.api.call("GET", path)).headers.get("etag"));
  }
  expect(tags[0]).toMatch(/^"/);
  expect(tags[1]).toBe(tags[0]);
});

describe("with PostgreSQL", () => {
  it("a server without a master key makes none, and refuses secrets", async () => {
    await using folder = await temporaryFolder();
    const args = ["--database", await newDatabase("unkeyed")];
    await using server = await startServerInProcess({ folder: folder.path, args });
    const { api } = server;
    await api.putTopic("orders");
    const missing = {
      status: 409,
      json: { code: "master_key_missing", detail: expect.stringContaining("RINGBACK_MASTER_KEY") as string },
    };
    expect(await api.call("PUT", "/v1/keys/k", { json: { jwk } })).toMatchObject(missing);
    expect(await api.call("PUT", path, { json: { push: { url: receiver.url, headers } } })).toMatchObject(missing);
    await api.subscribe("orders", "mail", { push: { url: receiver.url } });
    expect(await readdir(folder.path)).toEqual([]);
  });

  it("a declared key without a master key stops the start with one line", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "ringback.yaml");
    await writeFile(file, `keys:\n  "0": {jwk: ${JSON.stringify(jwk)}}\n`);
    const url = await newDatabase("declared");
    const args = ["serve", "--listen", "127.0.0.1:0", "--database", url, "--config", file];
    const { code, stdout, stderr } = await runCommandInProcess(args);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^ringback: \S*ringback\.yaml:2: Secrets are stored encrypted, .*RINGBACK_MASTER_KEY.*\n$/);
    expect(stderr).not.toContain(jwk.k);
  });

  it("the master key changes while two servers run, and the old one is not needed any more", async () => {
    await using folder = await temporaryFolder();
    const args = ["--database", await newDatabase("rekeyed")];
    const [old = "", young = ""] = [withMasterKey(), withMasterKey()].map((env) => env["RINGBACK_MASTER_KEY"]);
    const start = (keys: string) =>
      startServerInProcess({ folder: folder.path, args, env: { RINGBACK_MASTER_KEY: keys } });
    {
      await using first = await start(`${young},${old}`);
      await using second = await start(`${old},${young}`);
      await subscribe(second.api, "rekeyed");
      await second.api.ok("PUT", "/v1/keys/k", { json: { jwk } });
      const verify = { method: "token", secrets: ["s3cret-token"] };
      await second.api.ok("PUT", "/v1/inboxes/i", { json: { verify } });
      const { stdout } = await runCommandInProcess(["keys", "rotate-master", "--url", first.url, "--json"]);
      const resealed = { keys: 1, apiKeys: 0, inboxes: 1, hooks: 0, subscriptions: 1 };
      expect(JSON.parse(stdout)).toMatchObject({ newKey: false, resealed });
      await expectDelivered(second.api, "rekeyed");
    }
    await using server = await start(young);
    expect(await server.api.ok("GET", "/v1/keys/k")).toMatchObject({ usable: true });
    await expectDelivered(server.api, "rekeyed");
    const sent = await fetch(`${server.url}/in/i`, {
      method: "POST",
      body: "x",
      headers: { authorization: "Bearer s3cret-token" },
    });
    expect(sent.status).toBe(200);
  });

  it("headers are stored sealed, and are sent", async () => {
    await using folder = await temporaryFolder();
    const args = ["--database", await newDatabase("sealed")];
    await using server = await startServerInProcess({ folder: folder.path, args, env: withMasterKey() });
    await subscribe(server.api, "sealed");
    const tag = (await server.api.call("GET", path)).headers.get("etag");
    await subscribe(server.api, "sealed");
    expect((await server.api.call("GET", path)).headers.get("etag")).toBe(tag);
    await expectDelivered(server.api, "sealed");
    const rows = JSON.stringify(await database.query("SELECT settings FROM ringback.subscription", [], "sealed"));
    expect(rows).toContain("Authorization");
    expect(rows).not.toContain(secret);
  });

  it("headers that were stored on a folder are sent after a move, with the folder's master key", async () => {
    await using folder = await temporaryFolder();
    {
      await using server = await startServerInProcess({ folder: folder.path });
      await subscribe(server.api, "moved");
    }
    const url = await newDatabase("moved");
    const moved = await runCommandInProcess(["migrate", "--from", folder.path, "--to", url]);
    expect(moved.stdout).toMatch(/RINGBACK_MASTER_KEY set to the content of \S+master\.key\.\n$/);
    const env = { RINGBACK_MASTER_KEY: await readFile(join(folder.path, "master.key"), "utf8") };
    await using server = await startServerInProcess({ folder: folder.path, args: ["--database", url], env });
    await expectDelivered(server.api, "moved");
  });
});
