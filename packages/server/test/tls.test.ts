/** Real: `ringback serve` with TLS and several listeners, Node's clients, files. Nothing is faked. */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { once } from "node:events";
import { connect } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCommandInProcess, startCommandInProcess } from "../src/cli/testing/command-in-process.ts";
import { flagKeys, flagName, settings } from "../src/config/settings.ts";
import { limits } from "../src/domain/limits.ts";
import { openSession, send } from "../src/http/testing/http2-client.ts";
import { tlsChain } from "../src/transport/testing/tls-chain.ts";
import { tlsFixture } from "../src/transport/testing/tls-fixture.ts";
import { temporaryFolder, type TemporaryFolder } from "./harness/folder.ts";

let folder: TemporaryFolder;
let args: string[];

beforeEach(async () => {
  folder = await temporaryFolder();
  const files = { cert: join(folder.path, "tls.crt"), key: join(folder.path, "tls.key") };
  args = ["serve", "--listen", "127.0.0.1:0", "--data", join(folder.path, "data"), "--shutdown-grace-ms", "50"];
  args.push("--tls-cert-file", files.cert, "--tls-key-file", files.key);
  await write(tlsFixture.cert, tlsFixture.key);
});
afterEach(() => folder[Symbol.asyncDispose]());

async function write(cert: string, key: string): Promise<void> {
  await writeFile(join(folder.path, "tls.crt"), cert);
  await writeFile(join(folder.path, "tls.key"), key);
}

const portOf = (url: string | undefined) => Number(new URL(url ?? "").port);

/** Returns the common name of the certificate's issuer. */
async function issuerAt(port: number): Promise<unknown> {
  const socket = connect({
    port,
    host: "127.0.0.1",
    servername: "receiver.test",
    ca: [tlsFixture.cert, tlsChain.root],
  });
  await once(socket, "secureConnect");
  const { CN } = socket.getPeerCertificate().issuer;
  socket.destroy();
  return CN;
}

describe("a server with a certificate", () => {
  it("speaks HTTP/2 over TLS on all of its listeners, whose URLs it logs, and stops", async () => {
    const server = startCommandInProcess([...args, "--ops-listen", "127.0.0.1:0", "--public-listen", "127.0.0.1:0"]);
    const pattern = /"url":"(https:[^"]+)","opsUrl":"(https:[^"]+)","publicUrl":"(https:[^"]+)".*"msg":"listening"/;
    const [, url, opsUrl, publicUrl] = await server.stdoutMatch(pattern);
    const statuses: number[] = [];
    for (const at of [url, opsUrl, publicUrl]) {
      const session = await openSession(portOf(at));
      for (const path of ["/healthz", "/v1/topics", "/in/none"]) {
        statuses.push((await send(session, { ":path": path })).status);
      }
      session.close();
    }
    expect(statuses).toEqual([200, 200, 404, 200, 404, 404, 404, 404, 404]);
    const open = await openSession(portOf(url));
    server.signal("SIGTERM");
    expect((await server.ended).code).toBe(0);
    open.destroy();
  });

  it("uses a new certificate without a restart, and keeps the old one while the files are broken", async () => {
    const server = startCommandInProcess(args);
    const [, url] = await server.stdoutMatch(/"url":"(https:[^"]+)"/);
    const port = portOf(url);
    expect(await issuerAt(port)).toBe("Ringback test receiver");
    await write("broken", "broken");
    await server.stdoutMatch(/"level":"error".*not a certificate chain in PEM.*so the old certificate stays/);
    expect(await issuerAt(port)).toBe("Ringback test receiver");
    await write(tlsChain.leaf + tlsChain.intermediate, tlsChain.key);
    await server.stdoutMatch(/"the TLS certificate was replaced"/);
    expect(await issuerAt(port)).toBe("Ringback test intermediate");
    server.signal("SIGTERM");
    expect((await server.ended).code).toBe(0);
  });

  it("does not start with a key of another certificate, and says so in one line", async () => {
    await write(tlsFixture.cert, tlsChain.key);
    const { code, stdout, stderr } = await runCommandInProcess(args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(
      /^ringback: --tls-key-file: the file ".*" is not the private key .*: key values mismatch\n$/,
    );
  });

  it("names the listener whose address is in use", async () => {
    const server = startCommandInProcess([...args, "--ops-listen", "127.0.0.1:0"]);
    const [, opsUrl] = await server.stdoutMatch(/"opsUrl":"(https:[^"]+)"/);
    const taken = `127.0.0.1:${portOf(opsUrl)}`;
    const other = args.with(args.indexOf("--data") + 1, join(folder.path, "other"));
    const { code, stderr } = await runCommandInProcess([...other, "--ops-listen", taken]);
    expect(code).toBe(1);
    expect(stderr).toContain(
      `${taken} is in use already; stop what listens there, or give --ops-listen another address`,
    );
    server.signal("SIGTERM");
    await server.ended;
  });
});

describe("docs/guide/listeners.md", () => {
  it("names flags and limits that the server has", async () => {
    const text = await readFile(new URL("../../../docs/guide/listeners.md", import.meta.url), "utf8");
    const flags = new Set(text.match(/--[a-z][a-z-]+/g));
    expect([...flags].filter((flag) => !flagKeys.map(flagName).includes(flag))).toEqual([]);
    const { connectionsMax, http2StreamsPerConnectionMax, requestHeaderCountMax, requestHeaderBytesMax } = limits;
    const { requestHeaderMsMax, requestMsMax, keepAliveMs, connectionIdleMsMax } = limits;
    for (const shown of [
      `${settings.connectionsPerSourceMax.default.toLocaleString("en")} (\`connectionsPerSourceMax\`)`,
      `each listener | ${connectionsMax.toLocaleString("en")} `,
      `HTTP/2 connection | ${http2StreamsPerConnectionMax} `,
      `headers | ${requestHeaderCountMax}, together ${requestHeaderBytesMax / 1024} KiB`,
      `first request over HTTP/2 | ${requestHeaderMsMax / 1000} s`,
      `whole request | ${requestMsMax / 1000} s`,
      `without a request | ${keepAliveMs / 1000} s`,
      `reads nothing | ${connectionIdleMsMax / 60_000} minutes`,
    ]) {
      expect(text).toContain(shown);
    }
  });
});
