/**
 * Real: nginx, from this machine or from the package of Debian or Ubuntu; curl; the server inside the test's process,
 * SQLite, sockets. Nothing is faked.
 */

import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCommandInProcess } from "../../src/cli/testing/command-in-process.ts";
import { tlsChain } from "../../src/transport/testing/tls-chain.ts";
import { tlsFixture } from "../../src/transport/testing/tls-fixture.ts";
import { temporaryFolder, type TemporaryFolder } from "../harness/folder.ts";
import { startProgram } from "../harness/program.ts";
import { startReceiver } from "../harness/receiver.ts";
import { startServerInProcess, type RunningServer } from "../harness/server.ts";
import { until, untilTrue } from "../harness/until.ts";
import { findNginx, startNginx, type Nginx } from "./nginx-program.ts";

const run = promisify(execFile);

const unpacked = await temporaryFolder();
afterAll(() => unpacked[Symbol.asyncDispose]());
const found = await findNginx(unpacked.path);

let folder: TemporaryFolder;
beforeEach(async ({ skip }) => {
  if (found.command === null) skip(found.whyNot);
  folder = await temporaryFolder();
});
afterEach(() => folder?.[Symbol.asyncDispose]());

const files = { "tls.crt": tlsFixture.cert, "tls.key": tlsFixture.key, "clients.crt": tlsChain.root };
const nginx = (servers: (port: number) => string): Promise<Nginx> => startNginx(found.command ?? "", servers, files);

/** Publishes one message and returns its only attempt. */
async function attemptOf({ api }: RunningServer) {
  const { id } = await api.publish("orders", { body: "an order" });
  const { attempts } = await until(
    "an attempt has ended",
    () => api.delivery(id, "mail"),
    (delivery) => delivery.attempts.length > 0,
  );
  return attempts[0];
}

describe.each(["TLSv1.2", "TLSv1.3"])(
  "an endpoint behind an nginx that wants client certificates, over %s",
  (version) => {
    const startEndpoint = (target: string) =>
      nginx(
        (port) => `
        server {
          listen 127.0.0.1:${port} ssl;
          ssl_protocols ${version};
          ssl_certificate tls.crt;
          ssl_certificate_key tls.key;
          ssl_client_certificate clients.crt;
          ssl_verify_client on;
          location / {
            proxy_pass ${target};
            proxy_set_header X-Client-Subject $ssl_client_s_dn;
          }
        }`,
      );
    const own = { certificate: `${tlsChain.leaf}${tlsChain.intermediate}`, key: tlsChain.key };
    const trusting = { ca: tlsFixture.cert, serverName: "receiver.test" };

    it("gets deliveries with push.tls, and none without the certificate or to another server", async () => {
      await using receiver = await startReceiver();
      await using endpoint = await startEndpoint(receiver.url);
      await using server = await startServerInProcess({ folder: folder.path });
      await server.api.putTopic("orders");
      const attemptWith = async (tls: object) => {
        const push = { url: `https://127.0.0.1:${endpoint.port}/in`, tls };
        await server.api.subscribe("orders", "mail", { push, retry: { delaysMs: [600_000] } });
        return attemptOf(server);
      };

      expect(await attemptWith({ ...own, ...trusting })).toMatchObject({
        verdict: "accepted",
        status: 200,
        reply: "ok",
      });
      expect(receiver.arrivals).toMatchObject([
        { path: "/in", text: "an order", headers: { "x-client-subject": "CN=Ringback test receiver" } },
      ]);

      const missing = await attemptWith(trusting);
      expect(missing).toMatchObject({ verdict: "failed", status: 400, errorCode: "http_status" });
      expect(missing?.reply).toContain("No required SSL certificate was sent");
      const foreign = await attemptWith({ certificate: tlsFixture.cert, key: tlsFixture.key, ...trusting });
      expect(foreign).toMatchObject({ verdict: "failed", status: 400, errorCode: "http_status" });
      expect(foreign?.reply).toContain("The SSL certificate error");

      const refused = { verdict: "error", status: null, errorCode: "tls_failed" };
      expect(await attemptWith({ ...own, ...trusting, ca: tlsChain.root })).toMatchObject(refused);
      expect(await attemptWith({ ...own, ...trusting, serverName: "other.test" })).toMatchObject(refused);
      expect(await attemptWith(own)).toMatchObject(refused);
      expect(receiver.arrivals).toHaveLength(1);
    });
  },
);

const refused = (statuses: readonly string[]): number => statuses.filter((status) => status === "401").length;

describe("a server behind the nginx of docs/guide/listeners.md", () => {
  const token = "an operator's token of 32 characters or more";
  const authorization = ["--header", `authorization: Bearer ${token.replaceAll(/\W/g, "-")}`];
  const proxied = ["--trusted-proxies", "127.0.0.1", "--allowed-hosts", "receiver.test"];

  let stack: AsyncDisposableStack;
  let url: string;
  let curlOptions: readonly string[];
  beforeEach(async () => {
    stack = new AsyncDisposableStack();
    const env = { RINGBACK_OPERATOR_TOKEN: token.replaceAll(/\W/g, "-") };
    const server = stack.use(await startServerInProcess({ folder: folder.path, env, args: proxied }));
    const guide = await readFile(new URL("../../../../docs/guide/listeners.md", import.meta.url), "utf8");
    const servers = /^```nginx\n([^]*?)^```$/m.exec(guide)?.[1] ?? "";
    const proxy = stack.use(
      await nginx((port) =>
        servers
          .replace("127.0.0.1:8000", `127.0.0.1:${server.port}`)
          .replace("listen 443", `listen 127.0.0.1:${port}`)
          .replace("ringback.example.com", "receiver.test")
          .replaceAll("/etc/nginx/", ""),
      ),
    );
    url = `https://receiver.test:${proxy.port}`;
    const certificate = join(folder.path, "tls.crt");
    await writeFile(certificate, tlsFixture.cert);
    const names = ["receiver.test", "other.test"].map((name) => ["--resolve", `${name}:${proxy.port}:127.0.0.1`]);
    curlOptions = ["--silent", "--show-error", "--cacert", certificate, ...names.flat()];
  });
  afterEach(() => stack?.disposeAsync());

  /** Returns the body of the answer, and after a line break its HTTP version and its status. */
  async function curl(path: string, ...args: readonly string[]): Promise<string> {
    const written = ["--write-out", "\n%{http_version} %{http_code}", "--header", "content-type: application/json"];
    const { stdout } = await run("curl", [...curlOptions, ...written, ...args, `${url}${path}`]);
    return stdout;
  }

  it("does not start without an operator's key", async () => {
    const data = ["--data", join(folder.path, "other")];
    const { code, stderr } = await runCommandInProcess(["serve", "--listen", "127.0.0.1:0", ...data, ...proxied]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^ringback: .*ringback api-keys create --role operator.*\n$/);
  });

  it.each([
    ["--http2", "2"],
    ["--http1.1", "1.1"],
  ])("serves the API and live events over %s to those who have a key", async (option, version) => {
    expect(await curl("/v1/topics", option)).toMatch(new RegExp(`"code":"api_key_missing".*\n${version} 401$`));
    const created = await curl("/v1/topics/t", option, ...authorization, "--request", "PUT", "--data", "{}");
    expect(created).toMatch(new RegExp(`\n${version} 201$`));
    const streamOptions = [...curlOptions, option, ...authorization, "--no-buffer"];
    await using stream = startProgram("curl", [...streamOptions, `${url}/v1/events`]);
    await untilTrue("the stream is open", () => stream.output().includes("retry:"));
    const large = join(folder.path, "large");
    await writeFile(
      large,
      JSON.stringify({ messages: Array.from({ length: 7 }, () => ({ body: "x".repeat(1_000_000) })) }),
    );
    const batch = ["--data-binary", `@${large}`];
    const published = await curl("/v1/topics/t/messages/batch", option, ...authorization, ...batch);
    expect(published).toMatch(new RegExp(`\n${version} 201$`));
    await untilTrue("the event has arrived", () => stream.output().includes("event: message.published\n"));
  });

  it("takes the requests of senders, who have no key, at an inbox's receivePath", async () => {
    await curl("/v1/topics/t", ...authorization, "--request", "PUT", "--data", "{}");
    const inbox = await curl("/v1/inboxes/i", ...authorization, "--request", "PUT", "--data", '{"topic":"t"}');
    const [, path = ""] = /"receivePath":"([^"]+)"/.exec(inbox) ?? [];
    expect(path).not.toBe("");
    expect(await curl(path, "--data", '{"a":1}')).toBe('{"response":"success"}\n2 200');
    expect(await curl("/in/i", "--data", '{"a":2}')).toMatch(/\n2 401$/);
    expect(await curl("/in/i", ...authorization)).toBe('{"a":1}\n2 200');
  });

  it("knows the name in the client's request, and the origin of its own pages", async () => {
    const mine = new URL(url).origin;
    expect(await curl("/v1/topics", ...authorization, "--header", `origin: ${mine}`)).toMatch(/\n2 200$/);
    expect(await curl("/v1/topics", ...authorization, "--header", "origin: https://evil.test")).toMatch(/\n2 403$/);
    url = url.replace("receiver.test", "other.test");
    expect(await curl("/v1/topics", ...authorization, "--insecure")).toMatch(/"code":"host_not_allowed".*\n2 421$/);
  });

  /** Returns the statuses of 40 requests with a wrong key. */
  const guess = async (address: string, ...args: readonly string[]): Promise<readonly string[]> => {
    const quiet = ["--output", "/dev/null", "--write-out", "%{http_code}\n", "--interface", address];
    const wrong = ["--header", "authorization: Bearer wrong"];
    const { stdout } = await run("curl", [...curlOptions, ...quiet, ...wrong, ...args, `${url}/v1/topics?n=[1-40]`]);
    return stdout
      .trim()
      .split("\n")
      .filter((line) => line !== "");
  };

  it("counts wrong keys by the client's address, whatever the client sends in X-Forwarded-For", async () => {
    expect(await curl("/v1/topics", ...authorization)).toMatch(/\n2 200$/);
    const first = await guess("127.0.0.2");
    expect(first.slice(0, 20)).toEqual(Array(20).fill("401"));
    expect(first).toContain("429");
    // An attempt becomes possible again every ten seconds.
    expect(refused(await guess("127.0.0.2", "--header", "x-forwarded-for: 127.0.0.9"))).toBeLessThan(20);
    expect((await guess("127.0.0.3")).slice(0, 20)).toEqual(Array(20).fill("401"));
    expect(await curl("/v1/topics", ...authorization, "--interface", "127.0.0.2")).toMatch(/\n2 200$/);
  });
});

/** Expects that each message came once, in its first attempt. */
async function expectArrivals({ api }: RunningServer, endpoint: Nginx, ids: readonly string[]): Promise<void> {
  const deliveries = await Promise.all(
    ids.map((id) =>
      until(
        `${id} has an attempt`,
        () => api.delivery(id, "mail"),
        ({ attempts }) => attempts.length > 0,
      ),
    ),
  );
  const outcomes = deliveries.map(({ state, attempts }) => [state, attempts.length, attempts[0]?.errorCode ?? null]);
  expect(outcomes).toEqual(ids.map(() => ["delivered", 1, null]));
  const requests = await until(
    "all requests are logged",
    () => endpoint.requests(),
    (logged) => logged.length >= ids.length,
  );
  expect(requests.map(({ messageId }) => messageId).toSorted()).toEqual([...ids].toSorted());
}

describe.each(["http", "https"])("an nginx that closes its connections, over %s", (scheme) => {
  const startEndpoint = (idle: string) =>
    nginx(
      (port) => `
        server {
          listen 127.0.0.1:${port} ${scheme === "https" ? "ssl" : ""};
          ssl_certificate tls.crt;
          ssl_certificate_key tls.key;
          keepalive_timeout ${idle};
          keepalive_requests 10;
          location / { return 200 "ok"; }
          location = /connections { stub_status; access_log off; }
        }`,
    );

  async function subscribeTo(endpoint: Nginx): Promise<RunningServer> {
    const server = await startServerInProcess({ folder: folder.path });
    await server.api.putTopic("orders");
    const tls = scheme === "https" ? { tls: { ca: tlsFixture.cert } } : {};
    const push = { url: `${scheme}://127.0.0.1:${endpoint.port}/`, ...tls };
    await server.api.subscribe("orders", "mail", { push, maxInFlight: 4, retry: { delaysMs: [600_000] } });
    return server;
  }

  /** Waits until the only connection to nginx is the one that asks for the number of connections. */
  async function untilAllClosed({ port }: Nginx): Promise<void> {
    const args = ["--silent", "--insecure", `${scheme}://127.0.0.1:${port}/connections`];
    await until(
      "nginx has closed its idle connections",
      async () => (await run("curl", args)).stdout,
      (text) => text.includes("Active connections: 1 "),
    );
  }

  it("gets each of 200 messages at once, though it closed the connections in between", async () => {
    await using endpoint = await startEndpoint("1");
    await using server = await subscribeTo(endpoint);
    const ids: string[] = [];
    for (const round of [1, 2]) {
      const messages = Array.from({ length: 100 }, (_, index) => ({ body: `${round}.${index}` }));
      ids.push(...(await server.api.publishBatch("orders", messages)).map(({ id }) => id));
      await until(
        "the round has arrived",
        () => endpoint.requests(),
        ({ length }) => length >= ids.length,
      );
      await untilAllClosed(endpoint);
    }
    await expectArrivals(server, endpoint, ids);
    const requests = await endpoint.requests();
    expect(new Set(requests.map(({ connection }) => connection)).size).toBeLessThan(60);
    expect(Math.max(...requests.map(({ index }) => index))).toBe(10);
  });

  it("gets each of 200 messages at once, though it closes connections at the moment of their reuse", async () => {
    await using endpoint = await startEndpoint("3ms");
    await using server = await subscribeTo(endpoint);
    const ids: string[] = [];
    while (ids.length < 200) ids.push((await server.api.publish("orders", { body: "x" })).id);
    await expectArrivals(server, endpoint, ids);
  });
});
