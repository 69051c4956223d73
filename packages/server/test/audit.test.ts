/** Real: servers in this process, a data folder, sockets. Nothing is faked. */

import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadConfig } from "../src/config/config.ts";
import { createLog } from "../src/ops/log.ts";
import { startServer, type RunningServer } from "../src/server.ts";
import { temporaryFolder, type TemporaryFolder } from "./harness/folder.ts";

interface AuditItem {
  readonly who: { readonly id: string };
  readonly source: string | null;
  readonly action: string;
  readonly target: string;
  readonly before: object | null;
  readonly after: { readonly name?: string } | null;
}

let folder: TemporaryFolder;
let server: RunningServer | null = null;
let lines: string[] = [];
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  await server?.close();
  server = null;
  await folder[Symbol.asyncDispose]();
});

async function start(file: string): Promise<string> {
  await server?.close();
  lines = [];
  const flags = { data: folder.path, listen: "127.0.0.1:0", config: "ringback.yaml" };
  const log = createLog({ level: "info", pretty: false, destination: { write: (line) => void lines.push(line) } });
  server = await startServer(loadConfig({ flags, env: {}, readFile: () => file }), { log });
  return server.url;
}

const secretKey = "0123456789abcdefX";
const k = Buffer.alloc(32, 5).toString("base64url");
const file = `
topics:
  orders:
    subscriptions:
      billing: { push: { url: "http://127.0.0.1:9/", headers: { x-key: header-5ecret } } }
inboxes: { arrivals: {} }
hooks: { veto: { urls: ["http://127.0.0.1:9/"] } }
keys: { "0": { jwk: { kty: oct, k: ${k} } } }
apiKeys: { shop: { secretId: AKIDshop, secretKey: ${secretKey} } }
`;

async function audit(url: string, query = ""): Promise<readonly AuditItem[]> {
  const response = await fetch(`${url}/v1/audit?limit=200&${query}`);
  return ((await response.json()) as { items: AuditItem[] }).items;
}

describe("the record of changes", () => {
  it("has what the configuration file changes, once, and no secret", async () => {
    const url = await start(file);
    const items = await audit(url);
    const shared = { who: { id: "configuration", name: null }, source: null, before: null };
    expect(items.toReversed()).toMatchObject([
      { ...shared, action: "putKey", target: "keys/0" },
      { ...shared, action: "createApiKey", target: "api-keys/AKIDshop" },
      { ...shared, action: "putHook", target: "hooks/veto" },
      { ...shared, action: "putTopic", target: "topics/orders" },
      { ...shared, action: "putSubscription", target: "topics/orders/subscriptions/billing" },
      { ...shared, action: "putInbox", target: "inboxes/arrivals" },
    ]);
    expect(lines.filter((line) => line.includes('"audit":true'))).toHaveLength(items.length);
    const inbox = (await (await fetch(`${url}/v1/inboxes/arrivals`)).json()) as { receivePath: string };
    for (const secret of ["header-5ecret", secretKey, k, inbox.receivePath]) {
      expect(JSON.stringify([items, lines])).not.toContain(secret);
    }
    expect(await audit(await start(file))).toEqual(items);
    const changed = await audit(
      await start(`${file.replace("arrivals: {}", "arrivals: { messagesMax: 7 }")}account: default`),
    );
    expect(changed).toMatchObject([{ target: "inboxes/arrivals", after: { messagesMax: 7 } }, ...items]);
  });

  it("has an account that the file creates among the records of the default account", async () => {
    const url = await start("account: acme\ntopics: { orders: {} }");
    expect(await audit(url)).toMatchObject([{ action: "putAccount", target: "accounts/acme", before: null }]);
    const response = await fetch(`${url}/v1/audit`, { headers: { "ringback-account": "acme" } });
    expect(await response.json()).toMatchObject({ items: [{ action: "putTopic", target: "topics/orders" }] });
  });

  it("has changes whose client has disconnected before the answer", async () => {
    const url = await start("");
    const count = 20;
    for (let index = 0; index < count; index++) {
      const socket = connect(Number(new URL(url).port), "127.0.0.1");
      const head = `PUT /v1/topics/t${index} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n`;
      socket.write(head, () => setImmediate(() => socket.destroy()));
    }
    const topics = async () => {
      const response = await fetch(`${url}/v1/topics?limit=200`);
      return ((await response.json()) as { items: unknown[] }).items.length;
    };
    // The topic of events is in the list, too.
    await expect.poll(topics).toBe(count + 1);
    await expect.poll(async () => (await audit(url)).length).toBe(count);
  });

  it("survives a restart, and has concurrent changes in the order of their effect", async () => {
    const url = await start("");
    const put = (description: string) =>
      fetch(`${url}/v1/topics/orders`, {
        method: "PUT",
        body: JSON.stringify({ description }),
        headers: { "content-type": "application/json" },
      });
    await Promise.all(Array.from({ length: 30 }, (_, index) => put(`${index}`)));
    const items = await audit(url);
    expect(items).toHaveLength(30);
    for (const [index, { before }] of items.entries()) expect(before).toEqual(items[index + 1]?.after ?? null);
    expect(await audit(await start(""))).toEqual(items);
  });
});
