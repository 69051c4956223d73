import { ConfigError } from "./config-error.ts";
import { nearest } from "./nearest.ts";
import { settingKeys, variableName } from "./settings.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export const configFileVariable = "RINGBACK_CONFIG";
export const serverUrlVariable = "RINGBACK_URL";

const knownVariables: readonly string[] = [...settingKeys.map(variableName), configFileVariable, serverUrlVariable];

/**
 * A container platform that runs a service called "ringback" puts variables such as `RINGBACK_SERVICE_HOST` and
 * `RINGBACK_PORT_8000_TCP=tcp://10.0.0.1:8000` into every container. Nobody typed those, so they are no typing errors.
 */
function isServiceDiscovery(name: string, value: string): boolean {
  if (/_SERVICE_(?:HOST|PORT)(?:_\w+)?$/.test(name)) return true;
  if (/_PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?$/.test(name)) return true;
  return name.endsWith("_PORT") && /^(?:tcp|udp|sctp):\/\//.test(value);
}

/** A variable that is set to nothing counts as not set: that is how container files leave one out. */
export function readVariable(env: Environment, name: string): string | undefined {
  const value = env[name];
  return value === "" ? undefined : value;
}

/** A `RINGBACK_` variable that nothing reads is most likely a typing error, and the setting would silently not apply. */
export function rejectUnknownVariables(env: Environment): void {
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith("RINGBACK_") || value === undefined || knownVariables.includes(name)) continue;
    if (isServiceDiscovery(name, value)) continue;
    const meant = nearest(name, knownVariables);
    throw new ConfigError(
      name,
      name,
      `no such setting; ${meant === null ? `the variables are ${knownVariables.join(", ")}` : `did you mean ${meant}?`}`,
    );
  }
}
