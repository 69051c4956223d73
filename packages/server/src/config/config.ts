import type { Static, TSchema } from "typebox";
import { matchesShape } from "../api/shape-check.ts";
import { ConfigError } from "./config-error.ts";
import { configFileBytesMax, parseConfigFile } from "./config-file.ts";
import type { ConfigFile } from "./config-file.ts";
import { readDeclaredTopics } from "./declared-topics.ts";
import type { DeclaredTopic } from "./declared-topics.ts";
import { configFileVariable, readVariable, rejectUnknownVariables } from "./environment.ts";
import type { Environment } from "./environment.ts";
import { isLoopbackHost } from "./listen-address.ts";
import { show, unknownKey } from "./words.ts";
import { flagName, isSettingKey, settingKeys, settings, variableName } from "./settings.ts";
import type { Setting, SettingKey, Settings } from "./settings.ts";

/** Everything that an operator decided; `server.ts` hands the parts on. */
export interface Config extends Settings {
  /** What the file's `topics:` asks for; `server.ts` puts it at the start. */
  readonly declared: readonly DeclaredTopic[];
}

export type Flags = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

export interface ConfigSources {
  /** By setting key (`shutdownGraceMs`), and `config` for the file. */
  readonly flags: Flags;
  readonly env: Environment;
  /** Throws when the file cannot be read. */
  readonly readFile: (path: string) => string;
}

/**
 * A flag beats a variable beats the file beats the default. Every value that was given is checked, also one that
 * another beats: a mistake should be told when it is made. Throws `ConfigError`.
 */
export function loadConfig(sources: ConfigSources): Config {
  rejectUnknownVariables(sources.env);
  rejectUnknownFlags(sources.flags);
  const file = openFile(sources);

  const given = <Schema extends TSchema>(key: SettingKey, setting: Setting<Schema>): Static<Schema> | undefined =>
    inOrderOfRank(key, sources, file).map(({ raw, origin }) => readSetting(key, setting, raw, origin))[0];
  const chosen = <Schema extends TSchema>(key: SettingKey, setting: Setting<Schema>): Static<Schema> =>
    given(key, setting) ?? setting.default;

  const listen = chosen("listen", settings.listen);
  return {
    listen,
    data: chosen("data", settings.data),
    database: chosen("database", settings.database),
    databaseBytesMax: chosen("databaseBytesMax", settings.databaseBytesMax),
    accountAppId: chosen("accountAppId", settings.accountAppId),
    logLevel: chosen("logLevel", settings.logLevel),
    allowPrivateNetworks: given("allowPrivateNetworks", settings.allowPrivateNetworks) ?? isLoopbackHost(listen.host),
    allowedAddresses: chosen("allowedAddresses", settings.allowedAddresses),
    inFlightMax: chosen("inFlightMax", settings.inFlightMax),
    shutdownGraceMs: chosen("shutdownGraceMs", settings.shutdownGraceMs),
    attemptRetentionMs: chosen("attemptRetentionMs", settings.attemptRetentionMs),
    deadLetterRetentionMs: chosen("deadLetterRetentionMs", settings.deadLetterRetentionMs),
    messageCacheBytes: chosen("messageCacheBytes", settings.messageCacheBytes),
    declared: file === null ? [] : readDeclaredTopics(file),
  };
}

function rejectUnknownFlags(flags: Flags): void {
  for (const key of Object.keys(flags)) {
    if (key === "config" || isSettingKey(key)) continue;
    throw new ConfigError(flagName(key), key, unknownKey(key, settingKeys));
  }
}

function openFile({ flags, env, readFile }: ConfigSources): ConfigFile | null {
  const flag = flags["config"];
  const path = typeof flag === "string" ? flag : readVariable(env, configFileVariable);
  if (path === undefined) return null;
  const origin = typeof flag === "string" ? "--config" : configFileVariable;
  const text = readConfigText(path, origin, readFile);
  const file = parseConfigFile(path, text);
  for (const key of Object.keys(file.values)) {
    if (key === "topics" || isSettingKey(key)) continue;
    throw new ConfigError(file.origin([key]), key, unknownKey(key, [...settingKeys, "topics"]));
  }
  return file;
}

function readConfigText(path: string, origin: string, readFile: (path: string) => string): string {
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(origin, "config", `cannot read the file ${show(path)}: ${reason}`, error);
  }
  if (text.length > configFileBytesMax) {
    throw new ConfigError(
      origin,
      "config",
      `the file ${show(path)} is too large; give at most ${configFileBytesMax} bytes`,
    );
  }
  return text;
}

/** Every place where the setting was given; the first one counts. */
function inOrderOfRank(key: SettingKey, { flags, env }: ConfigSources, file: ConfigFile | null) {
  const places: { raw: unknown; origin: string }[] = [
    { raw: flags[key], origin: flagName(key) },
    { raw: readVariable(env, variableName(key)), origin: variableName(key) },
  ];
  if (file !== null) places.push({ raw: file.values[key], origin: file.origin([key]) });
  return places.filter(({ raw }) => raw !== undefined);
}

function readSetting<Schema extends TSchema>(
  key: SettingKey,
  { schema, expected, read }: Setting<Schema>,
  raw: unknown,
  origin: string,
): Static<Schema> {
  if (key === "database" && typeof raw === "string" && /^postgres(?:ql)?:/.test(raw)) {
    // Without the value: it may hold a password.
    throw new ConfigError(
      origin,
      key,
      `database cannot be Postgres: that is not in this version yet; give ${expected}`,
    );
  }
  const value = read(raw);
  if (matchesShape(schema, value)) return value as Static<Schema>;
  throw new ConfigError(origin, key, `${key} cannot be ${show(raw)}; give ${expected}`);
}
