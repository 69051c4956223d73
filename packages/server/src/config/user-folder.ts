import { join } from "node:path";
import { readVariable, type Environment } from "./environment.ts";

/** The folder of the user's own settings of the command line. Null if the environment names no home folder. */
export function userFolder(env: Environment): string | null {
  const configured = readVariable(env, "XDG_CONFIG_HOME") ?? readVariable(env, "APPDATA");
  if (configured !== undefined) return join(configured, "ringback");
  const home = readVariable(env, "HOME") ?? readVariable(env, "USERPROFILE");
  return home === undefined ? null : join(home, ".config", "ringback");
}
