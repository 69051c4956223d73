import { hostname } from "node:os";
import type { Logger } from "pino";
import type { Config } from "./config/config.ts";
import { version } from "./config/version.ts";
import type { AccountId } from "./domain/model.ts";
import { systemClock, systemTimers } from "./domain/ports.ts";
import type { Tracing } from "./ops/tracing/otlp.ts";

type AccountNameOf = (id: AccountId) => string;

/** Starts tracing. Returns null, and loads no packages for it, if no collector is configured. */
export async function loadTracing(config: Config, log: Logger, accountNameOf: AccountNameOf): Promise<Tracing | null> {
  const { otlpEndpoint: endpoint, otlpHeaders, traceSampleRatio: sampleRatio } = config;
  if (endpoint === "") return null;
  const { startTracing } = await import("./ops/tracing/otlp.ts");
  const headers = Object.fromEntries(otlpHeaders.map((pair) => pair.split(/=(.*)/s, 2)));
  const instance = config.publicName === "" ? hostname() : config.publicName;
  const shared = { log, clock: systemClock, timers: systemTimers, version, instance };
  return startTracing({ ...shared, endpoint, headers, sampleRatio, accountNameOf });
}
