import { hostname } from "node:os";
import type { Logger } from "pino";
import type { Config } from "./config/config.ts";
import { version } from "./config/version.ts";
import type { AccountId } from "./domain/model.ts";
import { systemClock, systemTimers } from "./domain/ports.ts";
import type { Tracing } from "./ops/tracing/otlp.ts";

/** Starts tracing. Returns null if no collector is configured. */
export type StartTracing = (accountNameOf: (id: AccountId) => string) => Tracing | null;

/** Loads the packages for tracing, if a collector is configured. */
export async function loadTracing(config: Config, log: Logger): Promise<StartTracing> {
  const { otlpEndpoint: endpoint, otlpHeaders, traceSampleRatio: sampleRatio } = config;
  if (endpoint === "") return () => null;
  const { startTracing } = await import("./ops/tracing/otlp.ts");
  const headers = Object.fromEntries(otlpHeaders.map((pair) => pair.split(/=(.*)/s, 2)));
  const instance = config.publicName === "" ? hostname() : config.publicName;
  const shared = { log, clock: systemClock, timers: systemTimers, version, instance };
  return (accountNameOf) => startTracing({ ...shared, endpoint, headers, sampleRatio, accountNameOf });
}
