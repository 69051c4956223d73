import { ConfigError } from "./config-error.ts";
import { nearest } from "./nearest.ts";
import { fileVariableName, secretKeys, settingKeys, variableName } from "./settings.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** The variable of OpenTelemetry that names the collector. */
export const collectorVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";
export const configFileVariable = "RINGBACK_CONFIG";
export const serverUrlVariable = "RINGBACK_URL";
export const profileVariable = "RINGBACK_PROFILE";
export const apiKeyVariable = "RINGBACK_API_KEY";
export const apiKeyFileVariable = "RINGBACK_API_KEY_FILE";

const knownVariables: readonly string[] = [
  ...settingKeys.map(variableName),
  ...secretKeys.map(fileVariableName),
  configFileVariable,
  serverUrlVariable,
  profileVariable,
  apiKeyVariable,
  apiKeyFileVariable,
];

/**
 * Container platforms set variables such as `RINGBACK_SERVICE_HOST` and `RINGBACK_PORT_8000_TCP=tcp://10.0.0.1:8000` in
 * every container for a service called "ringback". These are not typing errors.
 */
function isServiceDiscovery(name: string, value: string): boolean {
  if (/_SERVICE_(?:HOST|PORT)(?:_\w+)?$/.test(name)) return true;
  if (/_PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?$/.test(name)) return true;
  return name.endsWith("_PORT") && /^(?:tcp|udp|sctp):\/\//.test(value);
}

/** An empty variable counts as not set, because container files often set variables to the empty string. */
export function readVariable(env: Environment, name: string): string | undefined {
  const value = env[name];
  return value === "" ? undefined : value;
}

/**
 * An unknown `RINGBACK_` variable is most likely a typing error, so it is refused instead of being ignored silently.
 */
export function rejectUnknownVariables(env: Environment): void {
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith("RINGBACK_") || value === undefined || knownVariables.includes(name)) continue;
    if (isServiceDiscovery(name, value)) continue;
    const meant = nearest(name, knownVariables);
    const advice = meant === null ? `the variables are ${knownVariables.join(", ")}` : `did you mean ${meant}?`;
    throw new ConfigError(name, name, `no such setting; ${advice}`);
  }
}
