import { join } from "node:path";
import { ConfigError } from "./config-error.ts";
import { profileVariable, readVariable, type Environment } from "./environment.ts";
import { isRecord } from "./record.ts";
import { show } from "./words.ts";
import { userFolder } from "./user-folder.ts";

/** The servers that a user has given names, in a file that only the user can read. */

export interface Profile {
  readonly url: string;
  readonly account: string | null;
  /** The token of an API key. Never printed. */
  readonly token: string | null;
}

export interface Profiles {
  /** The name of the profile that is used by default. */
  readonly current: string | null;
  readonly profiles: ReadonlyMap<string, Profile>;
}

export interface ProfileSources {
  readonly env: Environment;
  /** Throws when the file cannot be read. */
  readonly readFile: (path: string) => Uint8Array;
}

export const noProfiles: Profiles = { current: null, profiles: new Map() };

/** Null if the environment names no home folder. */
export function profilesPath(env: Environment): string | null {
  const folder = userFolder(env);
  return folder === null ? null : join(folder, "profiles.json");
}

/** A missing file has no profiles. Throws `ConfigError` for a file that is damaged, without showing its content. */
export function readProfiles({ env, readFile }: ProfileSources): Profiles {
  const path = profilesPath(env);
  if (path === null) return noProfiles;
  let bytes: Uint8Array;
  try {
    bytes = readFile(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code !== "ENOENT" && error.code !== "ENOTDIR") {
      throw new ConfigError(path, "profiles", `cannot read the file: ${error.message}`, error);
    }
    return noProfiles;
  }
  const stored = parse(bytes);
  const profiles = isRecord(stored) ? stored["profiles"] : null;
  if (!isRecord(stored) || !isRecord(profiles)) {
    throw new ConfigError(path, "profiles", "the file is damaged; delete it, and add the profiles again");
  }
  const current = stored["current"];
  return {
    current: typeof current === "string" ? current : null,
    profiles: new Map(Object.entries(profiles).flatMap(([name, one]) => (isProfile(one) ? [[name, one]] : []))),
  };
}

export function profilesText({ current, profiles }: Profiles): string {
  return `${JSON.stringify({ current, profiles: Object.fromEntries(profiles) }, null, 2)}\n`;
}

/** The profile that a command uses: the named one, that of `RINGBACK_PROFILE`, or the current one. */
export function chosenProfile(name: string | undefined, sources: ProfileSources): Profile | null {
  const variable = readVariable(sources.env, profileVariable);
  const given = name ?? variable;
  const { current, profiles } = readProfiles(sources);
  const chosen = given ?? current;
  const profile = chosen === null ? undefined : profiles.get(chosen);
  if (profile !== undefined) return profile;
  if (given === undefined) return null;
  const origin = name === undefined ? profileVariable : "--profile";
  const advice =
    profiles.size === 0 ? "there are none" : `the profiles are ${[...profiles.keys()].map(show).join(", ")}`;
  throw new ConfigError(origin, "profile", `there is no profile ${show(given)}; ${advice}`);
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}

function isProfile(value: unknown): value is Profile {
  if (!isRecord(value) || typeof value["url"] !== "string") return false;
  return ["account", "token"].every((name) => value[name] === null || typeof value[name] === "string");
}
