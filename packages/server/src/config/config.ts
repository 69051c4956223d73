import type { Static, TSchema } from "typebox";
import { matchesShape } from "../shapes/shape-check.ts";
import { ConfigError } from "./config-error.ts";
import { configFileBytesMax, parseConfigFile } from "./config-file.ts";
import type { ConfigFile } from "./config-file.ts";
import { readDeclaredApiKeys } from "./declared-api-keys.ts";
import type { DeclaredApiKey } from "./declared-api-keys.ts";
import { readDeclaredHooks } from "./declared-hooks.ts";
import type { DeclaredHook } from "./declared-hooks.ts";
import { readDeclaredInboxes } from "./declared-inboxes.ts";
import type { DeclaredInbox } from "./declared-inboxes.ts";
import { readDeclaredKeys } from "./declared-keys.ts";
import type { DeclaredKey } from "./declared-keys.ts";
import { readDeclaredTopics } from "./declared-topics.ts";
import type { DeclaredTopic } from "./declared-topics.ts";
import { configFileVariable, readVariable, rejectUnknownVariables } from "./environment.ts";
import type { Environment } from "./environment.ts";
import { isLoopbackHost } from "./listen-address.ts";
import { show, unknownKey } from "./words.ts";
import { flagKeys, flagName, isSettingKey, settingKeys, settings, variableName } from "./settings.ts";
import type { Setting, SettingKey, Settings } from "./settings.ts";

/** Keys of the file beside the settings: resources that the API can create too. */
const declarations: readonly string[] = ["topics", "inboxes", "hooks", "callbacks", "keys", "apiKeys"];

/** Everything that an operator has set. */
export interface Config extends Settings {
  /** The topics of the file's `topics:`; `server.ts` puts them at the start. */
  readonly declared: readonly DeclaredTopic[];
  /** The same for `hooks:` and koipy's `callbacks:`. */
  readonly declaredHooks: readonly DeclaredHook[];
  /** The same for `inboxes:`. */
  readonly declaredInboxes: readonly DeclaredInbox[];
  /** The same for `keys:`. */
  readonly declaredKeys: readonly DeclaredKey[];
  /** The same for `apiKeys:`. */
  readonly declaredApiKeys: readonly DeclaredApiKey[];
}

export type Flags = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

export interface ConfigSources {
  /** The keys are those of the settings (`shutdownGraceMs`), and `config` for the file. */
  readonly flags: Flags;
  readonly env: Environment;
  /** Throws when the file cannot be read. */
  readonly readFile: (path: string) => string;
}

/**
 * A flag beats an environment variable, which beats the file, which beats the default. Every given value is checked,
 * also one that another beats, so that a mistake is reported when it is made. Throws `ConfigError`.
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
    nodeGoneAfterMs: chosen("nodeGoneAfterMs", settings.nodeGoneAfterMs),
    accountAppId: chosen("accountAppId", settings.accountAppId),
    logLevel: chosen("logLevel", settings.logLevel),
    allowPrivateNetworks: given("allowPrivateNetworks", settings.allowPrivateNetworks) ?? isLoopbackHost(listen.host),
    allowedAddresses: chosen("allowedAddresses", settings.allowedAddresses),
    masterKey: chosen("masterKey", settings.masterKey),
    wechatTopic: chosen("wechatTopic", settings.wechatTopic),
    cmqTimestampWindowMs: chosen("cmqTimestampWindowMs", settings.cmqTimestampWindowMs),
    cmqRefuseReplays: chosen("cmqRefuseReplays", settings.cmqRefuseReplays),
    inFlightMax: chosen("inFlightMax", settings.inFlightMax),
    shutdownGraceMs: chosen("shutdownGraceMs", settings.shutdownGraceMs),
    attemptRetentionMs: chosen("attemptRetentionMs", settings.attemptRetentionMs),
    deadLetterRetentionMs: chosen("deadLetterRetentionMs", settings.deadLetterRetentionMs),
    messageCacheBytes: chosen("messageCacheBytes", settings.messageCacheBytes),
    declared: file === null ? [] : readDeclaredTopics(file),
    declaredHooks: file === null ? [] : readDeclaredHooks(file),
    declaredInboxes: file === null ? [] : readDeclaredInboxes(file),
    declaredKeys: file === null ? [] : readDeclaredKeys(file),
    declaredApiKeys: file === null ? [] : readDeclaredApiKeys(file),
  };
}

function rejectUnknownFlags(flags: Flags): void {
  for (const key of Object.keys(flags)) {
    if (isSettingKey(key) && settings[key].secret) {
      const reason = `${key} is a secret and has no flag, because every user of this machine could read it`;
      throw new ConfigError(flagName(key), key, `${reason}; set ${variableName(key)}`);
    }
    if (key === "config" || isSettingKey(key)) continue;
    throw new ConfigError(flagName(key), key, unknownKey(key, flagKeys));
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
    if (declarations.includes(key) || isSettingKey(key)) continue;
    throw new ConfigError(file.origin([key]), key, unknownKey(key, [...settingKeys, ...declarations]));
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

/** The values that the sources give, in order of precedence. */
function inOrderOfRank(key: SettingKey, { flags, env }: ConfigSources, file: ConfigFile | null) {
  const given: { raw: unknown; origin: string }[] = [
    { raw: flags[key], origin: flagName(key) },
    { raw: readVariable(env, variableName(key)), origin: variableName(key) },
  ];
  if (file !== null) given.push({ raw: file.values[key], origin: file.origin([key]) });
  return given.filter(({ raw }) => raw !== undefined);
}

function readSetting<Schema extends TSchema>(
  key: SettingKey,
  { schema, expected, read, secret, isSecret }: Setting<Schema>,
  raw: unknown,
  origin: string,
): Static<Schema> {
  const value = read(raw);
  if (matchesShape(schema, value)) return value as Static<Schema>;
  const isSecretValue = secret || isSecret?.(raw) === true;
  throw new ConfigError(
    origin,
    key,
    `${key} ${isSecretValue ? "is not valid" : `cannot be ${show(raw)}`}; give ${expected}`,
  );
}
