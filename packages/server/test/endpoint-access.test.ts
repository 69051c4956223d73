/**
 * Real: servers inside the test's process, SQLite, sockets, TLS with client certificates, HTTP and SOCKS5 proxies.
 * Nothing is faked.
 */
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { tlsChain } from "../src/transport/testing/tls-chain.ts";
import { tlsFixture } from "../src/transport/testing/tls-fixture.ts";
import { subscriptionPath } from "./harness/api.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { startHttpProxy, startSocksProxy } from "../src/transport/testing/proxies.ts";
import { startReceiver, type Receiver } from "./harness/receiver.ts";
import { startServerInProcess, type RunningServer } from "./harness/server.ts";
import { until, untilTrue } from "./harness/until.ts";

const path = subscriptionPath("orders", "mail");
const clientCertificate = `${tlsChain.leaf}${tlsChain.intermediate}`;
const tls = { certificate: clientCertificate, key: tlsChain.key, ca: tlsFixture.cert };
const password = "pass-7f3a-word";
const basic = { type: "basic", username: "ringback", password } as const;

let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
});
afterAll(() => receiver[Symbol.asyncDispose]());

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const servers: RunningServer[] = [];
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

async function start(env: Readonly<Record<string, string>> = {}): Promise<RunningServer> {
  const server = await startServerInProcess({ folder: folder.path, env });
  servers.push(server);
  await server.api.putTopic("orders");
  return server;
}

const subscribe = ({ api }: RunningServer, push: object) =>
  api.call<Readonly<Record<string, unknown>>>("PUT", path, { json: { push, retry: { delaysMs: [60_000] } } });
const patch = ({ api }: RunningServer, json: object) =>
  api.call<{ code: string; detail: string; push: Readonly<Record<string, unknown>> }>("PATCH", path, {
    body: JSON.stringify(json),
    headers: { "content-type": "application/merge-patch+json" },
  });

/** Publishes one message and returns its first attempt. */
async function attemptOf({ api }: RunningServer) {
  const { id } = await api.publish("orders", { body: "x" });
  const { attempts } = await until(
    "an attempt has ended",
    () => api.delivery(id, "mail"),
    (delivery) => delivery.attempts.length > 0,
  );
  return attempts[0];
}

async function filesWith(text: string): Promise<readonly string[]> {
  const names = await readdir(folder.path);
  const found = await Promise.all(names.map(async (name) => (await readFile(join(folder.path, name))).includes(text)));
  return names.filter((_name, index) => found[index] === true);
}

/** A receiver that accepts only clients with a certificate of the test's root. */
async function startMutualTls() {
  const subjects: string[] = [];
  const credentials: (string | undefined)[] = [];
  const options = { ...tlsFixture, ca: tlsChain.root, requestCert: true, rejectUnauthorized: true };
  const server = createServer(options, (request, response) => {
    subjects.push((request.socket as TLSSocket).getPeerCertificate().subject.CN as string);
    credentials.push(request.headers.authorization);
    request.resume().once("end", () => response.writeHead(200).end());
  });
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    subjects,
    credentials,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

describe("push.auth", () => {
  it("sends basic and bearer credentials, which no view, file or log shows", async () => {
    const server = await start();
    const { status, json } = await subscribe(server, { url: `${receiver.url}/basic`, auth: basic });
    expect([status, json]).toMatchObject([201, { push: { auth: { ...basic, password: null } } }]);
    expect(await attemptOf(server)).toMatchObject({ verdict: "accepted" });
    const token = "tok-91c2-en";
    await subscribe(server, { url: `${receiver.url}/bearer`, auth: { type: "bearer", token } });
    expect(await attemptOf(server)).toMatchObject({ verdict: "accepted" });
    const expected = Buffer.from(`ringback:${password}`).toString("base64");
    expect(receiver.at("/basic")[0]?.headers.authorization).toBe(`Basic ${expected}`);
    expect(receiver.at("/bearer")[0]?.headers.authorization).toBe(`Bearer ${token}`);
    for (const text of [password, token, expected]) expect(await filesWith(text)).toEqual([]);
  });

  it("keeps a secret that a PATCH does not name, but not for another origin", async () => {
    const server = await start();
    await subscribe(server, { url: `${receiver.url}/kept`, auth: basic, headers: { "X-Key": "k" } });
    expect(await patch(server, { push: { url: `${receiver.url}/kept-too`, timeoutMs: 5000 } })).toMatchObject({
      status: 200,
    });
    expect(await attemptOf(server)).toMatchObject({ verdict: "accepted" });
    expect(receiver.at("/kept-too")[0]?.headers.authorization).toMatch(/^Basic /);
    await using other = await startReceiver();
    const moved = await patch(server, { push: { url: `${other.url}/` } });
    expect([moved.status, moved.json]).toMatchObject([
      400,
      { code: "secrets_needed", errors: [{ field: "push.headers.X-Key" }, { field: "push.auth.password" }] },
    ]);
    const given = { url: `${other.url}/`, auth: { password }, headers: { "X-Key": null } };
    expect((await patch(server, { push: given })).status).toBe(200);
    expect(await attemptOf(server)).toMatchObject({ verdict: "accepted" });
    expect(other.arrivals[0]?.headers).toMatchObject({ authorization: expect.stringMatching(/^Basic /) });
    expect(other.arrivals[0]?.headers["x-key"]).toBeUndefined();
  });
});

describe("push.tls", () => {
  it("shows a client certificate to an endpoint whose authority only this subscription trusts", async () => {
    const server = await start();
    await using endpoint = await startMutualTls();
    const { status, json } = await subscribe(server, { url: endpoint.url, tls });
    expect([status, json]).toMatchObject([
      201,
      {
        push: {
          tls: {
            certificate: { subject: "CN=Ringback test receiver", notAfter: expect.stringMatching(/^21/) },
            key: null,
            ca: tlsFixture.cert,
            serverName: null,
          },
        },
      },
    ]);
    expect(await attemptOf(server)).toMatchObject({ verdict: "accepted", status: 200 });
    expect(endpoint.subjects).toEqual(["Ringback test receiver"]);
    await subscribe(server, { url: endpoint.url, tls: { ca: tlsFixture.cert } });
    expect(await attemptOf(server)).toMatchObject({ verdict: "error", errorCode: "tls_failed" });
    await subscribe(server, { url: endpoint.url });
    expect(await attemptOf(server)).toMatchObject({ verdict: "error", errorCode: "tls_failed" });
    expect(await filesWith(tlsChain.key.slice(100, 140))).toEqual([]);
  });
});

describe("a hook", () => {
  it("is called with a client certificate and credentials", async () => {
    const server = await start();
    await using endpoint = await startMutualTls();
    const hook = { urls: [endpoint.url], protocol: "json", tls, auth: basic };
    expect(await server.api.ok("PUT", "/v1/hooks/check", { json: hook })).toMatchObject({
      auth: { password: null },
      tls: { key: null },
    });
    expect(await server.api.ok("POST", "/v1/hooks/check/call", { json: {} })).toMatchObject({ httpStatus: 200 });
    expect(endpoint.subjects).toEqual(["Ringback test receiver"]);
    expect(endpoint.credentials).toEqual([`Basic ${Buffer.from(`ringback:${password}`).toString("base64")}`]);
    await server.api.ok("PUT", "/v1/hooks/check", { json: { urls: [endpoint.url], protocol: "json" } });
    expect(await server.api.ok("POST", "/v1/hooks/check/call", { json: {} })).toMatchObject({ error: "unreachable" });
    expect(await filesWith(password)).toEqual([]);
  });

  it("whose secrets no master key decrypts is named at the start, and its calls are refused", async () => {
    {
      await using server = await startServerInProcess({ folder: folder.path });
      const hook = { urls: [receiver.url], protocol: "json", auth: basic };
      await server.api.ok("PUT", "/v1/hooks/check", { json: hook });
    }
    await writeFile(join(folder.path, "master.key"), `${Buffer.alloc(32, 3).toString("base64url")}\n`);
    const server = await start();
    await server.logged(/"level":"warn".*"hooks":\["check"\].*cannot be decrypted/);
    expect(await server.api.call("POST", "/v1/hooks/check/call", { json: {} })).toMatchObject({
      status: 409,
      json: { code: "key_unavailable" },
    });
  });
});

describe("the egress proxy", () => {
  it.each([
    ["HTTP", startHttpProxy],
    ["SOCKS5", startSocksProxy],
  ])("carries pushes over %s, with a user name and password", async (_kind, startProxy) => {
    await using proxy = await startProxy("user:pass");
    await using endpoint = await startMutualTls();
    const server = await start({ RINGBACK_EGRESS_PROXY: proxy.url });
    await subscribe(server, { url: `${receiver.url}/proxied` });
    expect(await attemptOf(server)).toMatchObject({ verdict: "accepted" });
    await subscribe(server, { url: endpoint.url, tls });
    expect(await attemptOf(server)).toMatchObject({ verdict: "accepted" });
    expect(proxy.targets).toEqual([new URL(receiver.url).host, new URL(endpoint.url).host]);
    await untilTrue("the message has arrived", () => receiver.at("/proxied").length > 0);
  });
});
