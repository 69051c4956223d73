/**
 * Real: `ringback serve` with TLS, and the programs curl and openssl of this machine, which the test needs. Nothing is
 * faked.
 */

import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCommandInProcess } from "../../src/cli/testing/command-in-process.ts";
import type { RunningCommand } from "../../src/cli/testing/command-process.ts";
import { tlsFixture } from "../../src/transport/testing/tls-fixture.ts";
import { temporaryFolder, type TemporaryFolder } from "../harness/folder.ts";
import { runInShell } from "../harness/program.ts";

const run = promisify(execFile);

let folder: TemporaryFolder;
let server: RunningCommand<"SIGTERM">;
let url: string;
let cert: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  cert = join(folder.path, "tls.crt");
  const key = join(folder.path, "tls.key");
  await writeFile(cert, tlsFixture.cert);
  await writeFile(key, tlsFixture.key);
  const files = ["--tls-cert-file", cert, "--tls-key-file", key];
  server = startCommandInProcess(["serve", "--listen", "127.0.0.1:0", "--data", join(folder.path, "data"), ...files]);
  [, url = ""] = await server.stdoutMatch(/"url":"(https:[^"]+)"/);
});
afterAll(async () => {
  server.signal("SIGTERM");
  await server.ended;
  await folder[Symbol.asyncDispose]();
});

async function curl(...args: string[]): Promise<string> {
  const { stdout } = await run("curl", ["--silent", "--show-error", "--cacert", cert, ...args]);
  return stdout;
}

const written = ["--write-out", "\n%{http_version} %{http_code}", "--header", "content-type: application/json"];

describe.each([
  ["--http2", "2"],
  ["--http1.1", "1.1"],
])("curl %s", (option, version) => {
  it("publishes and takes a message", async () => {
    await curl(option, "--request", "PUT", `${url}/v1/topics/t`);
    await curl(option, "--request", "PUT", `${url}/v1/inboxes/i`, ...written, "--data", '{"topic":"t"}');
    const published = await curl(option, `${url}/in/i`, ...written, "--data", '{"a":1}');
    expect(published).toBe(`{"response":"success"}\n${version} 200`);
    expect(await curl(option, `${url}/in/i`, ...written)).toBe(`{"a":1}\n${version} 200`);
    expect(await curl(option, "--head", `${url}/healthz`)).toMatch(new RegExp(`^HTTP/${version} 200`));
  });

  it("reads the refusal of a large body, of an unknown path, and of too many headers", async () => {
    const large = join(folder.path, "large");
    await writeFile(large, Buffer.alloc(40_000_000));
    const refused = await curl(option, `${url}/v1/topics/t/messages`, ...written, "--data-binary", `@${large}`);
    expect(refused).toMatch(new RegExp(`"code":"request_too_large".*\n${version} 413$`));
    const chunked = ["--header", "transfer-encoding: chunked", "--upload-file", large, "--request", "POST"];
    const type = version === "2" ? [] : chunked.slice(0, 2);
    const unknown = await curl(option, `${url}/nothing`, ...written, ...type, ...chunked.slice(2));
    expect(unknown).toMatch(new RegExp(`"code":"route_not_found".*\n${version} 404$`));
    const headers = Array.from({ length: 130 }, (_, i) => ["--header", `x-${i}: 1`]).flat();
    expect(await curl(option, `${url}/healthz`, ...written, ...headers)).toMatch(
      new RegExp(`"code":"headers_too_large".*\n${version} 431$`),
    );
  });
});

function client(options: string): Promise<string> {
  return runInShell(
    `openssl s_client -connect ${new URL(url).host} -CAfile ${cert} ${options} </dev/null 2>&1 || true`,
  );
}

describe("openssl s_client", () => {
  it.each([
    ["-alpn h2,http/1.1", "ALPN protocol: h2"],
    ["-alpn http/1.1", "ALPN protocol: http/1.1"],
    ["", "No ALPN negotiated"],
  ])("with %s agrees on %s", async (options, expected) => {
    const text = await client(options);
    expect(text).toContain(expected);
    expect(text).toContain("Verify return code: 0 (ok)");
    expect(text).toMatch(/New, TLSv1\.3/);
  });

  it("can use TLS 1.2, but nothing older, and no compression or renegotiation that is not secure", async () => {
    const text = await client("-tls1_2");
    expect(text).toMatch(/New, TLSv1\.2/);
    expect(text).toContain("Secure Renegotiation IS supported");
    expect(text).toContain("Compression: NONE");
    expect(await client("-tls1_1 -cipher DEFAULT:@SECLEVEL=0")).toMatch(/alert protocol version/);
  });
});
