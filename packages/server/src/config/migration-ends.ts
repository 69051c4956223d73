import { ConfigError } from "./config-error.ts";
import { readVariable, type Environment } from "./environment.ts";
import { addressFault } from "../store/postgres-address.ts";
import { postgresForm } from "./setting-kinds.ts";
import { settings, variableName } from "./settings.ts";

const expected = `give ${postgresForm}`;

/**
 * Returns the folder from which to migrate. `--from` overrides `RINGBACK_DATA`, which overrides the server's default.
 */
export function readMigrationSource(flag: string | undefined, env: Environment): string {
  return flag ?? readVariable(env, variableName("data")) ?? settings.data.default;
}

/**
 * Returns the address of the database to which to migrate. `--to` overrides `RINGBACK_DATABASE`. Errors do not show the
 * address, which may contain a password.
 */
export function readMigrationTarget(flag: string | undefined, env: Environment): string {
  const url = flag ?? readVariable(env, variableName("database"));
  const origin = flag === undefined ? variableName("database") : "--to";
  if (url === undefined) throw new ConfigError("--to", "to", `is missing; ${expected}`);
  const fault = addressFault(url);
  if (fault !== null) throw new ConfigError(origin, "to", `${fault}; ${expected}`);
  return url;
}
