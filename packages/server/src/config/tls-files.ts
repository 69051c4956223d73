import { X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { Timers } from "../domain/ports.ts";
import { ConfigError } from "./config-error.ts";
import { flagName, type Settings } from "./settings.ts";

/** The content of the two files. */
export interface TlsFiles {
  readonly cert: Buffer;
  readonly key: Buffer;
}

type Paths = Pick<Settings, "tlsCertFile" | "tlsKeyFile">;

interface WatchOptions {
  readonly timers: Timers;
  /** Called with each new pair that can be used. */
  readonly changed: (files: TlsFiles) => void;
  /** Called once for each change that cannot be used. */
  readonly failed: (error: unknown) => void;
}

const checkMs = 1_000;
const pemBytesMax = 1024 * 1024;

/** Returns null if no files are configured. Throws `ConfigError`. */
export async function readTlsFiles(paths: Paths): Promise<TlsFiles | null> {
  if (paths.tlsCertFile === "") return null;
  const files = { cert: await readPem(paths, "tlsCertFile"), key: await readPem(paths, "tlsKeyFile") };
  assertUsable(files, paths);
  return files;
}

/**
 * Reads the files every second, and reports each change. The content is compared, so the exchange of a symbolic link to
 * a file or to its folder is noticed, as certbot and Kubernetes do it. The returned function ends the watch.
 */
export function watchTlsFiles(paths: Paths, current: TlsFiles, { timers, changed, failed }: WatchOptions): () => void {
  let used = current;
  /** The last fault, which is reported only once. */
  let fault: string | null = null;
  let isStopped = false;
  let cancel = timers.after(checkMs, () => void check());

  async function check(): Promise<void> {
    try {
      const files = { cert: await readPem(paths, "tlsCertFile"), key: await readPem(paths, "tlsKeyFile") };
      if (!isStopped && !isSame(files, used)) {
        assertUsable(files, paths);
        changed(files);
        used = files;
      }
      fault = null;
    } catch (error) {
      if (!isStopped && String(error) !== fault) failed(error);
      fault = String(error);
    }
    if (!isStopped) cancel = timers.after(checkMs, () => void check());
  }

  return () => {
    isStopped = true;
    cancel();
  };
}

async function readPem(paths: Paths, key: keyof Paths): Promise<Buffer> {
  try {
    const file = await stat(paths[key]);
    if (!file.isFile() || file.size > pemBytesMax) throw new Error(`give a file of at most ${pemBytesMax} bytes`);
    return await readFile(paths[key]);
  } catch (error) {
    throw fault(key, `cannot read the file ${JSON.stringify(paths[key])}`, error);
  }
}

/** Throws `ConfigError` if the certificate or the key is malformed, or if the key is not the certificate's. */
function assertUsable({ cert, key }: TlsFiles, { tlsCertFile, tlsKeyFile }: Paths): void {
  try {
    // Reads the first certificate of the file.
    void new X509Certificate(cert);
    createSecureContext({ cert });
  } catch (error) {
    throw fault("tlsCertFile", `the file ${JSON.stringify(tlsCertFile)} is not a certificate chain in PEM`, error);
  }
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    const sentence = `the file ${JSON.stringify(tlsKeyFile)} is not the private key of the certificate in PEM`;
    throw fault("tlsKeyFile", sentence, error);
  }
}

function fault(key: keyof Paths, sentence: string, error: unknown): ConfigError {
  // OpenSSL's messages are such as "error:05800074:x509 certificate routines::key values mismatch".
  const reason = (error instanceof Error ? error.message : String(error)).replace(/^error:[^ ].*::/, "");
  return new ConfigError(flagName(key), key, `${sentence}: ${reason}`, error);
}

function isSame(a: TlsFiles, b: TlsFiles): boolean {
  return a.cert.equals(b.cert) && a.key.equals(b.key);
}
