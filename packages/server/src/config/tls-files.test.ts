/** Real: the file system and OpenSSL. Faked: time. */

import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ManualTime } from "../transport/testing/manual-time.ts";
import { tlsChain } from "../transport/testing/tls-chain.ts";
import { tlsFixture } from "../transport/testing/tls-fixture.ts";
import { readTlsFiles, type TlsFiles, watchTlsFiles } from "./tls-files.ts";

const chain = { cert: tlsChain.leaf + tlsChain.intermediate, key: tlsChain.key };

let folder: string;
let paths: { tlsCertFile: string; tlsKeyFile: string };
let time: ManualTime;
let used: string[];
let faults: string[];
let stop = (): void => {};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ringback-tls-"));
  paths = { tlsCertFile: join(folder, "tls.crt"), tlsKeyFile: join(folder, "tls.key") };
  time = new ManualTime();
  used = [];
  faults = [];
});
afterEach(() => {
  stop();
  rmSync(folder, { recursive: true });
});

function write({ cert, key }: { cert: string; key: string }, into = folder): void {
  writeFileSync(join(into, "tls.crt"), cert);
  writeFileSync(join(into, "tls.key"), key);
}

async function watch(): Promise<void> {
  const current = await readTlsFiles(paths);
  if (current === null) throw new Error("no files");
  stop = watchTlsFiles(paths, current, {
    timers: time,
    changed: ({ cert, key }: TlsFiles) => used.push(`${String(cert)}${String(key)}`),
    failed: (error) => faults.push(String(error)),
  });
}

/** Waits for the next check of the files. */
async function check(): Promise<void> {
  const before = time.timersSet;
  time.advance(1_000);
  await expect.poll(() => time.timersSet).toBe(before + 1);
}

describe("the files of TLS", () => {
  it("are not read if none are configured", async () => {
    expect(await readTlsFiles({ tlsCertFile: "", tlsKeyFile: "" })).toBeNull();
  });

  it("are a certificate, with or without its chain, and its key", async () => {
    for (const files of [tlsFixture, chain]) {
      write(files);
      expect(await readTlsFiles(paths)).toEqual({ cert: Buffer.from(files.cert), key: Buffer.from(files.key) });
    }
  });

  it.each([
    [
      "no certificate",
      { ...chain, cert: "" },
      /^--tls-cert-file: the file ".*tls\.crt" is not a certificate chain in PEM: /,
    ],
    [
      "a certificate that is cut off",
      { ...chain, cert: chain.cert.slice(0, 300) },
      /--tls-cert-file: .*not a certificate chain/,
    ],
    [
      "a chain that is cut off",
      { ...chain, cert: chain.cert.slice(0, -300) },
      /--tls-cert-file: .*not a certificate chain/,
    ],
    ["the key as certificate", { ...chain, cert: chain.key }, /--tls-cert-file: .*not a certificate chain/],
    [
      "no key",
      { ...chain, key: "" },
      /^--tls-key-file: the file ".*tls\.key" is not the private key of the certificate in PEM: /,
    ],
    ["another key", { ...chain, key: tlsFixture.key }, /--tls-key-file: .* key values mismatch$/],
    ["the certificate as key", { ...chain, key: chain.cert }, /--tls-key-file: .*not the private key/],
    ["the chain in the wrong order", { ...chain, cert: tlsChain.intermediate + tlsChain.leaf }, /key values mismatch$/],
  ])("stop the start with one line if there is %s", async (_what, files, sentence) => {
    write(files);
    const error = await readTlsFiles(paths).catch((fault: unknown) => fault);
    expect(error).toMatchObject({ name: "ConfigError", message: expect.stringMatching(sentence) });
    expect((error as Error).message).not.toMatch(/\n|PRIVATE/);
  });

  it("stop the start with one line if they are missing, a folder, or too large", async () => {
    await expect(readTlsFiles(paths)).rejects.toThrow(/^--tls-cert-file: cannot read the file ".*tls\.crt": ENOENT/);
    write(chain);
    await expect(readTlsFiles({ ...paths, tlsKeyFile: folder })).rejects.toThrow(
      /^--tls-key-file: cannot read .* at most/,
    );
    write({ ...chain, cert: "x".repeat(1024 * 1024 + 1) });
    await expect(readTlsFiles(paths)).rejects.toThrow(/^--tls-cert-file: cannot read .* at most 1048576 bytes$/);
  });
});

describe("a change of the files of TLS", () => {
  beforeEach(async () => {
    write(tlsFixture);
    await watch();
  });

  it("is reported once, with the new content", async () => {
    await check();
    expect(used).toEqual([]);
    write(chain);
    await check();
    await check();
    expect(used).toEqual([chain.cert + chain.key]);
    expect(faults).toEqual([]);
  });

  it("is noticed if only the first of both files has changed yet, and used when the other follows", async () => {
    writeFileSync(paths.tlsCertFile, chain.cert);
    await check();
    await check();
    expect(used).toEqual([]);
    expect(faults).toEqual([expect.stringMatching(/--tls-key-file: .* key values mismatch$/)]);
    writeFileSync(paths.tlsKeyFile, chain.key);
    await check();
    expect(used).toEqual([chain.cert + chain.key]);
  });

  it("is reported as a fault once for each fault, and the return of the old content is no change", async () => {
    write({ ...tlsFixture, cert: "nonsense" });
    await check();
    await check();
    rmSync(paths.tlsCertFile);
    await check();
    await check();
    expect(faults).toEqual([expect.stringMatching(/not a certificate chain/), expect.stringMatching(/ENOENT/)]);
    write(tlsFixture);
    await check();
    expect(used).toEqual([]);
    write({ ...tlsFixture, cert: "nonsense" });
    await check();
    expect(faults).toHaveLength(3);
  });

  it("is not reported after the end of the watch, even if a check was running", async () => {
    write(chain);
    time.advance(1_000);
    stop();
    await readTlsFiles(paths);
    expect(time.timersRunning).toBe(0);
    expect([used, faults]).toEqual([[], []]);
  });
});

describe("files of TLS behind symbolic links", () => {
  it("are read again when the folder behind them is exchanged, as Kubernetes does it", async () => {
    for (const [version, files] of [
      ["1", tlsFixture],
      ["2", chain],
    ] as const) {
      mkdirSync(join(folder, version));
      write(files, join(folder, version));
    }
    symlinkSync("1", join(folder, "..data"));
    for (const name of ["tls.crt", "tls.key"]) symlinkSync(join("..data", name), join(folder, name));
    await watch();
    symlinkSync("2", join(folder, "..next"));
    renameSync(join(folder, "..next"), join(folder, "..data"));
    await check();
    expect(used).toEqual([chain.cert + chain.key]);
  });
});
