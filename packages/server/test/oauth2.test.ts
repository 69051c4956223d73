/**
 * Real: servers inside the test's process, SQLite, sockets, and the OAuth2 provider of the package oidc-provider.
 * Nothing is faked.
 */
import type { RequestListener } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startHttpProxy } from "../src/transport/testing/proxies.ts";
import { subscriptionPath } from "./harness/api.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { listening } from "./harness/listening.ts";
import { startReceiver } from "./harness/receiver.ts";
import { startServerInProcess, type RunningServer } from "./harness/server.ts";
import { until } from "./harness/until.ts";

const clientSecret = "s3cr3t-of+the/client";

/** The members of oidc-provider that the test uses; the package has no types. */
interface OidcProvider {
  callback(): RequestListener;
  readonly ClientCredentials: {
    find(token: string): Promise<{ scope?: string; destroy(): Promise<void> } | undefined>;
  };
  on(event: "grant.success" | "grant.error", listener: () => void): void;
}

async function startProvider(authMethod: "client_secret_basic" | "client_secret_post" = "client_secret_basic") {
  const name = "oidc-provider";
  const { Provider } = (await import(name)) as { Provider: new (issuer: string, options: object) => OidcProvider };
  const client = {
    client_id: "ringback",
    client_secret: clientSecret,
    grant_types: ["client_credentials"],
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: authMethod,
    scope: "deliver read",
  };
  const provider = new Provider("http://provider.test", {
    clients: [client],
    scopes: ["deliver", "read"],
    features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
    ttl: { ClientCredentials: 600 },
  });
  const granted = { count: 0 };
  provider.on("grant.success", () => void granted.count++);
  const server = await listening(provider.callback());
  return Object.assign(server, { granted, provider });
}

/** A receiver that accepts the tokens of the provider. */
function startGuarded(provider: OidcProvider) {
  const tokens: string[] = [];
  const handler: RequestListener = (request, response) => {
    const token = request.headers.authorization?.replace("Bearer ", "") ?? "";
    request.resume().once("end", () => {
      tokens.push(token);
      const status = async () => ((await provider.ClientCredentials.find(token))?.scope === "deliver" ? 200 : 401);
      void status().then((code) => response.writeHead(code).end());
    });
  };
  return listening(handler).then((server) => Object.assign(server, { tokens }));
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let server: RunningServer;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

async function start(env: Readonly<Record<string, string>> = {}): Promise<void> {
  server = await startServerInProcess({ folder: folder.path, env });
  await server.api.putTopic("orders");
}

const oauth2 = (tokenUrl: string, more: object = {}) => ({
  type: "oauth2",
  tokenUrl,
  clientId: "ringback",
  clientSecret,
  scopes: ["deliver"],
  ...more,
});

function subscribe(url: string, auth: object) {
  const json = { push: { url, auth }, retry: { delaysMs: [60_000] } };
  return server.api.call("PUT", subscriptionPath("orders", "mail"), { json });
}

async function attemptOf() {
  const { id } = await server.api.publish("orders", { body: "x" });
  const { attempts } = await until(
    "an attempt has ended",
    () => server.api.delivery(id, "mail"),
    (delivery) => delivery.attempts.length > 0,
  );
  return attempts[0];
}

describe("with a real provider", () => {
  it.each([
    ["basic", "client_secret_basic"],
    ["body", "client_secret_post"],
  ] as const)("one token serves many pushes, with client authentication in %s", async (clientAuth, authMethod) => {
    await using provider = await startProvider(authMethod);
    await using endpoint = await startGuarded(provider.provider);
    await start();
    expect(await subscribe(endpoint.url, oauth2(`${provider.url}/token`, { clientAuth }))).toMatchObject({
      status: 201,
      json: { push: { auth: { type: "oauth2", clientId: "ringback", clientSecret: null, scopes: ["deliver"] } } },
    });
    for (let round = 0; round < 3; round++) expect(await attemptOf()).toMatchObject({ status: 200, errorCode: null });
    expect(provider.granted.count).toBe(1);
    expect(new Set(endpoint.tokens).size).toBe(1);
  });

  it("a wrong secret fails the attempt, with the provider's error and without the secret", async () => {
    await using provider = await startProvider();
    await start();
    await subscribe("http://127.0.0.1:9/", oauth2(`${provider.url}/token`, { clientSecret: "wr0ng" }));
    const attempt = await attemptOf();
    expect(attempt).toMatchObject({
      verdict: "error",
      status: null,
      errorCode: "oauth2_failed",
      errorDetail: 'the OAuth2 token request was answered with status 401 and the error "invalid_client"',
    });
    expect(JSON.stringify(attempt)).not.toContain("wr0ng");
  });

  it("hooks get a token too", async () => {
    await using provider = await startProvider();
    await using endpoint = await startGuarded(provider.provider);
    await start();
    const hook = { urls: [endpoint.url], protocol: "json", auth: oauth2(`${provider.url}/token`) };
    await server.api.ok("PUT", "/v1/hooks/check", { json: hook });
    const called = await server.api.ok<{ httpStatus: number }>("POST", "/v1/hooks/check/call", { json: {} });
    expect(called).toMatchObject({ httpStatus: 200 });
    await server.api.ok("PUT", "/v1/hooks/check", { json: { ...hook, auth: oauth2(`${provider.url}/nowhere`) } });
    const failed = await server.api.ok("POST", "/v1/hooks/check/call", { json: {} });
    expect(failed).toMatchObject({ httpStatus: null, error: "unreachable", errorDetail: null });
  });

  it("token requests go through the egress proxy", async () => {
    await using proxy = await startHttpProxy();
    await using provider = await startProvider();
    await using endpoint = await startGuarded(provider.provider);
    await start({ RINGBACK_EGRESS_PROXY: proxy.url });
    await subscribe(endpoint.url, oauth2(`${provider.url}/token`));
    expect(await attemptOf()).toMatchObject({ status: 200 });
    expect(proxy.targets).toEqual([new URL(provider.url).host, new URL(endpoint.url).host]);
  });
});

describe("a hostile provider", () => {
  it.each<[string, RequestListener, string]>([
    ["a redirect", (_request, response) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end(), "302"],
    ["a huge reply", (_request, response) => response.end("x".repeat(1024 * 1024)), "reply_too_large"],
    ["a text", (_request, response) => response.end("hello"), "no JSON object"],
    ["a reply without a token", (_request, response) => response.end("{}"), "without a usable access_token"],
    [
      "a header in the token",
      (_request, response) =>
        response.end(JSON.stringify({ access_token: "a\r\nX-Evil: 1", token_type: "bearer", expires_in: 1 })),
      "without a usable access_token",
    ],
    ["the end of the connection", (request) => request.socket.destroy(), "connection_reset"],
  ])("that answers with %s fails the attempt, and nothing is sent", async (_what, handler, sentence) => {
    await using provider = await listening(handler);
    await using receiver = await startReceiver();
    await start();
    await subscribe(receiver.url, oauth2(`${provider.url}/token`));
    expect(await attemptOf()).toMatchObject({
      errorCode: "oauth2_failed",
      errorDetail: expect.stringContaining(sentence) as string,
    });
    expect(receiver.arrivals).toEqual([]);
  });

  it("that does not answer fails the attempt within the subscription's time limit", async () => {
    await using provider = await listening(() => {});
    await start();
    const push = { url: "http://127.0.0.1:9/", timeoutMs: 1000, auth: oauth2(`${provider.url}/token`) };
    const json = { push, retry: { delaysMs: [60_000] } };
    await server.api.ok("PUT", subscriptionPath("orders", "mail"), { json });
    expect(await attemptOf()).toMatchObject({
      errorCode: "oauth2_failed",
      errorDetail: expect.stringMatching(/has no reply within \d+ ms/) as string,
    });
  });

  it("at an address that the server does not connect to is refused when it is set", async () => {
    await start();
    const refused = await subscribe("http://127.0.0.1:9/", oauth2("http://169.254.169.254/token"));
    expect(refused).toMatchObject({ status: 400, json: { code: "invalid_url" } });
    const secret = await subscribe("http://127.0.0.1:9/", oauth2("http://user:pass@127.0.0.1:9/token"));
    expect(secret).toMatchObject({ status: 400, json: { code: "invalid_url" } });
  });
});
