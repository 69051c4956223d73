/** Real: servers inside the test's process, SQLite, sockets, and receivers of the SDK. Nothing is faked. */
import { createCloudEventsReceiver, createReceiver, toNodeHandler } from "@ringback/sdk/receive";
import { raw } from "@ringback/sdk/protocols";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { subscriptionPath } from "./harness/api.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { listening } from "./harness/listening.ts";
import { startReceiver } from "./harness/receiver.ts";
import { type RunningServer, startServerInProcess } from "./harness/server.ts";
import { until, untilTrue } from "./harness/until.ts";

interface View {
  readonly code?: string;
  readonly push: { readonly verify: string | null };
  readonly verification: {
    readonly state: string;
    readonly method: string;
    readonly at: string | null;
    readonly error: string | null;
    readonly ratePerMinute: number | null;
  } | null;
}

const path = subscriptionPath("orders", "mail");
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
  server = await startServerInProcess({ folder: folder.path, env: { RINGBACK_PUBLIC_NAME: "ringback.test", ...env } });
  await server.api.putTopic("orders");
}

const put = (push: object) => server.api.call<View>("PUT", path, { json: { push, retry: "none" } });
const verifyNow = () => server.api.ok<View>("POST", `${path}/verify`);
const stateOf = async () => (await server.api.ok<View>("GET", path)).verification;
const untilState = (state: string) => until(`the endpoint is ${state}`, stateOf, (found) => found?.state === state);

/** Messages that arrived at a receiver of the SDK. */
function collect() {
  const bodies: string[] = [];
  const onMessage = ({ body }: { body: Uint8Array }) => void bodies.push(Buffer.from(body).toString());
  return { bodies, onMessage };
}

describe("an endpoint with `push.verify: challenge`", () => {
  it("of a receiver of the SDK gets messages with no code of its own", async () => {
    await start();
    const { bodies, onMessage } = collect();
    await using endpoint = await listening(toNodeHandler(createReceiver({ protocol: raw, onMessage })));
    expect(await put({ url: `${endpoint.url}/`, verify: "challenge" })).toMatchObject({ status: 201 });
    await server.api.publish("orders", { body: "x" });
    await untilTrue("the message arrived", () => bodies.length > 0);
    expect(await stateOf()).toMatchObject({ state: "verified", method: "challenge", error: null });
    expect(bodies).toEqual(["x"]);
  });

  it("that does not answer it gets no message, until it does", async () => {
    await start();
    let echoes = false;
    await using mirror = await startReceiver(({ text }, response) => void response.end(text));
    await put({ url: mirror.url, verify: "challenge" });
    expect(await verifyNow()).toMatchObject({ verification: { state: "pending" } });
    await using stranger = await startReceiver(({ text }, response) => {
      if (!echoes || !text.includes("ringback.verification")) return 200;
      return void response.end((JSON.parse(text) as { challenge: string }).challenge);
    });
    await put({ url: stranger.url, verify: "challenge" });
    const { id } = await server.api.publish("orders", { body: "secret" });
    const failed = await until("an attempt failed", stateOf, (found) => found?.error !== null);
    expect(failed).toMatchObject({ state: "pending", error: "the reply does not contain the challenge" });
    expect(stranger.arrivals.map(({ text }) => text).join(" ")).not.toContain("secret");
    expect(await server.api.delivery(id, "mail")).toMatchObject({ state: "pending", attempts: [] });

    echoes = true;
    expect(await verifyNow()).toMatchObject({ verification: { state: "verified", error: null } });
    await untilTrue("the message arrived", () => stranger.arrivals.some(({ text }) => text === "secret"));
  });

  it("is verified again after another path, and not after another query", async () => {
    await start();
    await using echo = await startReceiver(({ text, path: at }, response) => {
      if (at.startsWith("/other")) return 403;
      return void response.end(text.startsWith("{") ? (JSON.parse(text) as { challenge: string }).challenge : "");
    });
    const url = echo.url.replace(/\/$/, "");
    await put({ url: `${url}/one`, verify: "challenge" });
    await untilState("verified");
    expect((await put({ url: `${url}/one?a=1`, verify: "challenge" })).json.verification?.state).toBe("verified");
    expect((await put({ url: `${url}/other`, verify: "challenge" })).json.verification?.state).toBe("pending");
    const failed = await until("an attempt failed", stateOf, (found) => found?.error !== null);
    expect(failed?.error).toBe("the endpoint answered with the status 403");
  });

  it("stays verified after a restart, and a pending one is tried again when a message waits", async () => {
    await start();
    const { bodies, onMessage } = collect();
    await using endpoint = await listening(toNodeHandler(createReceiver({ protocol: raw, onMessage })));
    await using stranger = await startReceiver(() => 500);
    await put({ url: `${endpoint.url}/`, verify: "challenge" });
    await untilState("verified");
    const other = subscriptionPath("orders", "other");
    await server.api.ok("PUT", other, { json: { push: { url: stranger.url, verify: "challenge" } } });
    await server.api.publish("orders", { body: "x" });
    await untilTrue("the message and a challenge arrived", () => bodies.length === 1 && stranger.arrivals.length > 0);
    await server.stop();

    const before = stranger.arrivals.length;
    await start();
    expect(await stateOf()).toMatchObject({ state: "verified" });
    await untilTrue("another challenge arrived", () => stranger.arrivals.length > before);
    expect(stranger.arrivals.every(({ text }) => text.includes("ringback.verification"))).toBe(true);
  });

  it("gets the challenge with its credentials", async () => {
    await start();
    await using receiver = await startReceiver(() => 401);
    await put({ url: receiver.url, verify: "challenge", auth: { type: "bearer", token: "t0k3n" } });
    await untilTrue("a challenge arrived", () => receiver.arrivals.length > 0);
    expect(receiver.arrivals[0]?.headers.authorization).toBe("Bearer t0k3n");
  });

  it("that is not allowed by the address guard is never asked", async () => {
    await start({ RINGBACK_ALLOW_PRIVATE_NETWORKS: "true" });
    await using receiver = await startReceiver(() => 500);
    await put({ url: receiver.url, verify: "challenge" });
    await untilTrue("a challenge arrived", () => receiver.arrivals.length > 0);
    await server.stop();
    await start({ RINGBACK_ALLOW_PRIVATE_NETWORKS: "false" });
    const before = receiver.arrivals.length;
    expect((await verifyNow()).verification?.error).toMatch(/^address_denied: 127\.0\.0\.1 is a private/);
    expect(receiver.arrivals).toHaveLength(before);
  });
});

describe("an endpoint with `push.verify: cloudevents`", () => {
  it("of a receiver of the SDK gets messages with no code of its own", async () => {
    await start();
    const { bodies, onMessage } = collect();
    await using endpoint = await listening(toNodeHandler(createCloudEventsReceiver({ onMessage })));
    await put({ url: `${endpoint.url}/`, verify: "cloudevents", protocol: "cloudevents" });
    await server.api.publish("orders", { body: "x" });
    await untilTrue("the message arrived", () => bodies.length > 0);
    expect(await stateOf()).toMatchObject({ state: "verified", method: "cloudevents", ratePerMinute: null });
  });

  it.each([
    [{ "webhook-allowed-origin": "*" }, null, null],
    [{ "webhook-allowed-origin": "Ringback.test", "webhook-allowed-rate": "120" }, null, 120],
    [{ "webhook-allowed-origin": "ringback.test", "webhook-allowed-rate": "*" }, null, null],
    [{ "webhook-allowed-origin": "other.test" }, /allows another origin, not ringback\.test/, null],
    [{ "webhook-allowed-rate": "120" }, /no header WebHook-Allowed-Origin/, null],
    [{ "webhook-allowed-origin": "*", "webhook-allowed-rate": "0" }, /neither \* nor a number above 0/, null],
  ])("that answers with %j", async (headers, error, ratePerMinute) => {
    await start();
    await using receiver = await startReceiver((_arrival, response) => void response.writeHead(200, headers).end());
    await put({ url: receiver.url, verify: "cloudevents" });
    const found = await until("an attempt ended", stateOf, (view) => view?.at !== null);
    expect(found).toMatchObject({ state: error === null ? "verified" : "pending", ratePerMinute });
    expect(found?.error ?? "none").toMatch(error ?? /^none$/);
    expect(receiver.arrivals[0]).toMatchObject({
      method: "OPTIONS",
      headers: { "webhook-request-origin": "ringback.test", "webhook-request-rate": "60000" },
      text: "",
    });
  });
});

describe("a server with `endpointVerification: required`", () => {
  it("verifies a new URL by a challenge, unless the subscription names another method", async () => {
    await start({ RINGBACK_ENDPOINT_VERIFICATION: "required" });
    await using receiver = await startReceiver(() => 500);
    expect((await put({ url: receiver.url })).json).toMatchObject({
      push: { verify: "challenge" },
      verification: { state: "pending" },
    });
    expect((await put({ url: receiver.url, verify: "cloudevents" })).json.push.verify).toBe("cloudevents");
  });

  it("refuses URLs that cannot be verified, except queues", async () => {
    await start({ RINGBACK_ENDPOINT_VERIFICATION: "required" });
    const { status, json } = await put({ url: "ws://127.0.0.1:9/", protocol: "wechat" });
    expect([status, json.code]).toEqual([400, "invalid_request"]);
    expect((await put({ url: "ws://127.0.0.1:9/", protocol: "wechat", verify: "challenge" })).status).toBe(400);
    expect((await put({ url: "queue:jobs" })).json).toMatchObject({ push: { verify: null }, verification: null });
  });

  it("leaves the URLs that were stored before as they are", async () => {
    await start();
    await using receiver = await startReceiver();
    await put({ url: receiver.url });
    await server.stop();
    await start({ RINGBACK_ENDPOINT_VERIFICATION: "required" });
    expect((await put({ url: receiver.url })).json.verification).toBeNull();
    await server.api.publish("orders", { body: "x" });
    await untilTrue("the message arrived", () => receiver.arrivals.length > 0);
    expect((await put({ url: `${receiver.url}/other` })).json.push.verify).toBe("challenge");
  });
});

it("`…/verify` needs `push.verify`", async () => {
  await start();
  await put({ url: "http://127.0.0.1:9/" });
  expect((await server.api.call<View>("POST", `${path}/verify`)).status).toBe(400);
});
