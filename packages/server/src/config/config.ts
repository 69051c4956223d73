import { matchesShape } from "../shapes/shape-check.ts";
import { ConfigError } from "./config-error.ts";
import { configFileBytesMax, parseConfigFile, type ConfigFile } from "./config-file.ts";
import { declarations, readDeclarations, type DeclaredResources } from "./declared-resources.ts";
import {
  collectorVariable,
  configFileVariable,
  readVariable,
  rejectUnknownVariables,
  type Environment,
} from "./environment.ts";
import { isLoopbackHost } from "../domain/host.ts";
import { withSecretFiles } from "./secret-files.ts";
import { show, unknownKey } from "./words.ts";
import {
  fileVariableName,
  flagKeys,
  flagName,
  isSettingKey,
  secretKeys,
  settingKeys,
  settings,
  variableName,
} from "./settings.ts";
import type { Setting, SettingKey, Settings } from "./settings.ts";

/** Everything that an operator has set. */
export interface Config extends Settings {
  /** The resources that the file declares. `server.ts` creates or replaces them at the start. */
  readonly declared: DeclaredResources;
}

export type Flags = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

export interface ConfigSources {
  /**
   * The flags by the key of their setting (`shutdownGraceMs`). The key `config` is the path of the configuration file.
   */
  readonly flags: Flags;
  readonly env: Environment;
  /** Throws when the file cannot be read. */
  readonly readFile: (path: string) => string;
}

/**
 * Sources in order of precedence: flag, environment variable, file, default. Every given value is checked, even if
 * another source has precedence, so that a mistake is reported early. Throws `ConfigError`.
 */
export function loadConfig(sources: ConfigSources): Config {
  rejectUnknownVariables(sources.env);
  rejectUnknownFlags(sources.flags);
  const file = openFile(sources);

  const given = settingKeys.flatMap((key) => {
    const values = inOrderOfRank(key, sources, file).map(({ raw, origin }) => readSetting(key, raw, origin));
    return values.length === 0 ? [] : [[key, values[0]] as const];
  });
  const defaults = settingKeys.map((key) => [key, settings[key].default] as const);
  const { allowPrivateNetworks, ...chosen } = Object.fromEntries([...defaults, ...given]) as Settings;
  requireBothTlsFiles(chosen);
  const isGiven = given.some(([key]) => key === "allowPrivateNetworks");
  return {
    ...chosen,
    allowPrivateNetworks: isGiven ? allowPrivateNetworks : isLocal(chosen),
    declared: readDeclarations(file),
  };
}

/** False: other machines can reach the server, at one of its addresses or through a proxy. */
export function isLocal({
  listen,
  opsListen,
  publicListen,
  trustedProxies,
}: Pick<Settings, "listen" | "opsListen" | "publicListen" | "trustedProxies">): boolean {
  const hosts = [listen, opsListen, publicListen].flatMap((address) => (address === undefined ? [] : [address.host]));
  return trustedProxies.length === 0 && hosts.every(isLoopbackHost);
}

function requireBothTlsFiles({ tlsCertFile, tlsKeyFile }: Pick<Settings, "tlsCertFile" | "tlsKeyFile">): void {
  if ((tlsCertFile === "") === (tlsKeyFile === "")) return;
  const [given, missing] = tlsKeyFile === "" ? ["tlsCertFile", "tlsKeyFile"] : ["tlsKeyFile", "tlsCertFile"];
  throw new ConfigError(flagName(missing), missing, `${given} is set without ${missing}; set both, or neither`);
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

/** Returns an object without values if no file is given. */
function openFile({ flags, env, readFile }: ConfigSources): ConfigFile {
  const flag = flags["config"];
  const path = typeof flag === "string" ? flag : readVariable(env, configFileVariable);
  if (path === undefined) return { values: {}, origin: () => "" };
  const origin = typeof flag === "string" ? "--config" : configFileVariable;
  const text = readText(path, origin, "config", readFile);
  const file = parseConfigFile(path, text);
  for (const key of Object.keys(file.values)) {
    if (declarations.includes(key) || isSettingKey(key)) continue;
    throw new ConfigError(file.origin([key]), key, unknownKey(key, [...settingKeys, ...declarations]));
  }
  const readSecret = (name: string, keys: readonly string[]) =>
    readSecretFile(name, file.origin(keys), keys.join("."), readFile);
  return { ...file, values: withSecretFiles(file.values, [], readSecret) as ConfigFile["values"] };
}

function readText(path: string, origin: string, key: string, readFile: (path: string) => string): string {
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(origin, key, `cannot read the file ${show(path)}: ${reason}`, error);
  }
  if (text.length <= configFileBytesMax) return text;
  const fault = `the file ${show(path)} is too large; give at most ${configFileBytesMax} bytes`;
  throw new ConfigError(origin, key, fault);
}

/** Returns the values that the sources give for one setting, in order of precedence. */
function inOrderOfRank(key: SettingKey, sources: ConfigSources, file: ConfigFile) {
  const { flags, env } = sources;
  const given: readonly { readonly raw: unknown; readonly origin: string }[] = [
    { raw: flags[key], origin: flagName(key) },
    { raw: readVariable(env, variableName(key)), origin: variableName(key) },
    { raw: readNamedFile(key, sources), origin: fileVariableName(key) },
    { raw: file.values[key], origin: file.origin([key]) },
    ...(key === "otlpEndpoint" ? [{ raw: readVariable(env, collectorVariable), origin: collectorVariable }] : []),
  ];
  return given.filter(({ raw }) => raw !== undefined);
}

/** Returns the content of the file that a variable such as `RINGBACK_MASTER_KEY_FILE` names. */
function readNamedFile(key: SettingKey, { env, readFile }: ConfigSources): string | undefined {
  const variable = fileVariableName(key);
  const path = secretKeys.includes(key) ? readVariable(env, variable) : undefined;
  if (path === undefined) return undefined;
  if (readVariable(env, variableName(key)) !== undefined) {
    throw new ConfigError(variable, key, `${variableName(key)} is set too; keep one of the two`);
  }
  return readSecretFile(path, variable, key, readFile);
}

/** Most editors and programs end a file with a line break, which is no part of the secret. */
function readSecretFile(...file: Parameters<typeof readText>): string {
  return readText(...file).replace(/\r?\n$/, "");
}

function readSetting(key: SettingKey, raw: unknown, origin: string): unknown {
  const { schema, expected, read, secret, faultOf }: Setting = settings[key];
  const value = read(raw);
  if (matchesShape(schema, value)) return value;
  const fault = secret ? "is not valid" : (faultOf?.(raw) ?? `cannot be ${show(raw)}`);
  throw new ConfigError(origin, key, `${key} ${fault}; give ${expected}`);
}
