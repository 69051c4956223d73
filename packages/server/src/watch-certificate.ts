import type { Logger } from "pino";
import type { Config } from "./config/config.ts";
import { type TlsFiles, watchTlsFiles } from "./config/tls-files.ts";
import { systemTimers } from "./domain/ports.ts";
import type { Listeners } from "./http/listeners.ts";

/** Gives the listeners each new certificate. Returns the function that ends the watch. */
export function watchCertificate(
  config: Config,
  log: Logger,
  files: TlsFiles | null,
  listeners: Listeners,
): () => void {
  if (files === null) return () => {};
  return watchTlsFiles(config, files, {
    timers: systemTimers,
    changed(pair) {
      listeners.setCertificate(pair);
      log.info("the TLS certificate was replaced");
    },
    failed: (error) =>
      log.error({ err: error }, "the TLS files changed but cannot be used, so the old certificate stays"),
  });
}
