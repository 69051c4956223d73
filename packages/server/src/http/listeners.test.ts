/** Real: the HTTP application and all of its listeners, on the loopback interface. Faked: publisher and event bus. */

import { once } from "node:events";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { exchange, listen, parseAnswer } from "../api/testing/raw-connection.ts";
import { createTestApp, type TestApp } from "../api/testing/test-app.ts";
import { tlsChain } from "../transport/testing/tls-chain.ts";
import { tlsFixture } from "../transport/testing/tls-fixture.ts";
import type { ListenersOptions } from "./listeners.ts";
import { Listeners } from "./listeners.ts";
import { openSession, send } from "./testing/http2-client.ts";

const anyPort = { host: "127.0.0.1", port: 0 };
const certificate = { cert: Buffer.from(tlsFixture.cert), key: Buffer.from(tlsFixture.key) };

let test: TestApp;
let ports: { main: number; ops: number; public: number };
let listeners: Listeners;

async function start(options: ListenersOptions = {}, strict = false): Promise<void> {
  listeners = new Listeners({ addresses: { ops: anyPort, public: { host: "127.0.0.2", port: 0 } }, ...options });
  const callers = { listenHost: "127.0.0.1", machineName: "m", allowedHosts: [], allowedOrigins: [] };
  test = await createTestApp({ closeMsMax: 300 }, { listeners, ...(strict ? { callers } : {}) });
  const main = await listen(test.app);
  const [ops, forSenders] = [await listeners.open("ops"), await listeners.open("public")];
  ports = { main, ops: ops?.port ?? 0, public: forSenders?.port ?? 0 };
}

afterEach(() => test.app.close());

const hosts = { main: "127.0.0.1", ops: "127.0.0.1", public: "127.0.0.2" };

async function answer(listener: keyof typeof ports, path: string, method = "GET", host = "localhost") {
  const request = `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
  const text = await exchangeWith(hosts[listener], ports[listener], request);
  return `${/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]} ${/"code":"(\w+)"/.exec(text)?.[1] ?? ""}`.trim();
}

async function exchangeWith(host: string, port: number, request: string): Promise<string> {
  const socket = connect(port, host).setEncoding("latin1");
  let text = "";
  socket.on("data", (piece: string) => (text += piece));
  socket.write(request);
  await once(socket, "close");
  return text;
}

describe("the listener for operators", () => {
  it.each(["/metrics", "/healthz", "/readyz", "/healthz?a=1"])("serves %s, as the main one does", async (path) => {
    await start();
    expect(await answer("ops", path)).toBe("200");
    expect(await answer("ops", path, "HEAD")).toBe("200");
    expect(await answer("main", path)).toBe("200");
    expect(await answer("public", path)).toBe("404 route_not_found");
  });

  it.each([
    ["GET", "/v1/topics"],
    ["PUT", "/v1/topics/t"],
    ["DELETE", "/v1/topics"],
    ["GET", "/"],
    ["GET", "/openapi.json"],
    ["POST", "/in/i"],
    ["GET", "/nothing"],
    ["GET", "/healthz/../v1/topics"],
    ["GET", "//v1/topics"],
    ["GET", "/metrics/"],
    ["GET", "http://localhost/v1/topics"],
  ])("answers 404 to %s %s", async (method, path) => {
    await start();
    expect(await answer("ops", path, method)).toBe("404 route_not_found");
  });

  it("names the methods of its own paths only", async () => {
    await start();
    expect(await answer("ops", "/metrics", "POST")).toBe("405 method_not_allowed");
  });
});

describe("the listener for senders", () => {
  it("serves inboxes and public keys, and answers 404 to everything else", async () => {
    await start();
    expect(await answer("public", "/.well-known/jwks.json")).toBe("200");
    expect(await answer("ops", "/.well-known/jwks.json")).toBe("404 route_not_found");
    expect(await answer("public", "/in/i")).toBe("404 inbox_not_found");
    expect(await answer("public", "/in/i", "DELETE")).toBe("405 method_not_allowed");
    const others = ["/v1/inboxes/i", "/in", "/in/a/b", "/v1/topics", "/in/../v1/topics", "/in/a/../../v1/topics", "/"];
    others.push("/v1/keys", "/v1/keys/k/public", "/.well-known/", "/.well-known/jwks.json/a", "/jwks.json");
    const answers = await Promise.all(others.map((path) => answer("public", path)));
    expect(new Set(answers)).toEqual(new Set(["404 route_not_found"]));
    // The name of an inbox is never part of a path.
    for (const path of ["/in/", "/in/..%2fv1", "/in/%2e%2e"]) {
      expect(await answer("public", path)).toMatch(/^(?:404 route_not_found|40\d (?:inbox_not_found|invalid_\w+))$/);
    }
    expect(await answer("public", "/v1/topics", "POST")).toBe("404 route_not_found");
  });
});

describe("each listener", () => {
  it("knows its own host besides the names of a server on a loopback address", async () => {
    await start({ addresses: { ops: anyPort, public: { host: "0.0.0.0", port: 0 } } }, true);
    for (const listener of ["main", "ops", "public"] as const) {
      expect(await answer(listener, "/in/i", "GET", "evil.example")).toBe("421 host_not_allowed");
    }
    expect(await answer("public", "/in/i", "GET", "10.1.2.3")).toBe("404 inbox_not_found");
    expect(await answer("main", "/healthz", "GET", "10.1.2.3")).toBe("421 host_not_allowed");
    expect(await answer("ops", "/healthz", "GET", "10.1.2.3")).toBe("421 host_not_allowed");
  });

  it("ends with the application, even if a client never finishes its request", async () => {
    await start();
    const clients = await Promise.all(
      (["main", "ops", "public"] as const).map(async (listener) => {
        const socket = connect(ports[listener], hosts[listener]).on("error", () => {});
        await once(socket, "connect");
        socket.write("GET /healthz HTTP/1.1\r\n");
        return socket;
      }),
    );
    await test.app.close();
    await expect.poll(() => clients.every(({ destroyed }) => destroyed)).toBe(true);
    for (const listener of ["main", "ops", "public"] as const) {
      await expect(exchangeWith(hosts[listener], ports[listener], "")).rejects.toThrow(/ECONNREFUSED/);
    }
  });

  it("answers a malformed request with a problem", async () => {
    await start();
    expect(parseAnswer(await exchange(ports.ops, "HELLO\r\n\r\n")).problem.code).toBe("malformed_request");
  });

  it("speaks TLS with the certificate, and with the next one after a change, while open connections go on", async () => {
    await start({ certificate });
    const session = await openSession(ports.ops);
    expect(await send(session, { ":path": "/healthz" })).toMatchObject({ status: 200 });
    expect(await send(session, { ":path": "/v1/topics" })).toMatchObject({ status: 404 });
    listeners.setCertificate({
      cert: Buffer.from(tlsChain.leaf + tlsChain.intermediate),
      key: Buffer.from(tlsChain.key),
    });
    for (const listener of ["main", "ops", "public"] as const) {
      const socket = connectTls({
        port: ports[listener],
        host: hosts[listener],
        ca: tlsChain.root,
        servername: "receiver.test",
      });
      await once(socket, "secureConnect");
      expect(socket.getPeerCertificate().issuer.CN).toBe("Ringback test intermediate");
      socket.destroy();
    }
    expect(await send(session, { ":path": "/healthz" })).toMatchObject({ status: 200 });
    session.destroy();
  });
});
