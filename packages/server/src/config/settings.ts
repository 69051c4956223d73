import type { Static, TSchema } from "typebox";
import {
  byteCount,
  byteCountOrUnlimited,
  choice,
  database,
  listenAddress,
  masterKeys,
  milliseconds,
  networks,
  path,
  topicName,
  wholeNumber,
  yesOrNo,
} from "./setting-kinds.ts";
import type { SettingKind } from "./setting-kinds.ts";

/** One thing that an operator can set. */
export interface Setting<Schema extends TSchema = TSchema> extends SettingKind<Schema> {
  readonly default: Static<Schema>;
  /** The default as a person would write it. */
  readonly defaultText: string;
  /** What it does and why one would change it; Markdown. */
  readonly about: string;
  /** There is no flag for it, since every user of a machine can read command lines, and no error line shows its value. */
  readonly secret: boolean;
}

const day = 24 * 3600_000;

function setting<Schema extends TSchema>(
  kind: SettingKind<Schema>,
  fallback: Static<Schema>,
  defaultText: string,
  about: string,
): Setting<Schema> {
  return { ...kind, default: fallback, defaultText, about, secret: false };
}

function secretSetting<Schema extends TSchema>(...parts: Parameters<typeof setting<Schema>>): Setting<Schema> {
  return { ...setting(...parts), secret: true };
}

export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

/** Every setting: its kind with its range, its default, and why it is there. Their order is that of the documents. */
export const settings = {
  listen: setting(
    listenAddress(),
    { host: "127.0.0.1", port: 8000 },
    "127.0.0.1:8000",
    "Where the server listens. There is no authentication yet, so by default only programs on the same machine can " +
      "reach it. Port 0 takes any free port; the log says which.",
  ),
  data: setting(
    path(4096),
    "./ringback-data",
    "./ringback-data",
    "The folder that holds the database. It is made when it does not exist; one server at a time can use it. " +
      "A relative path starts from the folder the server is started in.",
  ),
  database: setting(
    database(),
    "sqlite",
    "sqlite",
    "The database: `sqlite`, in the data folder, or a PostgreSQL (14 or newer) as `postgres://user:password@host:port/name`. " +
      "Any number of servers can use one PostgreSQL; each of them takes publishes and delivers. " +
      "`data`, `databaseBytesMax` and `messageCacheBytes` are about `sqlite` only. " +
      "The address may hold a password, so a variable is a better place for it than a flag.",
  ),
  databaseBytesMax: setting(
    byteCountOrUnlimited(1024 ** 2, 256 * 1024 ** 4),
    0,
    "0",
    "How large the database may grow on disk; 0 for no limit. Past it a publish gets 503 `storage_full`.",
  ),
  nodeGoneAfterMs: setting(
    milliseconds(2000, 120_000),
    20_000,
    "20s",
    "With PostgreSQL: a server that the database has not heard of for so long is gone, and the others take over what it was " +
      "delivering. One that comes back after that (it hung, or was cut off) sends nothing of it any more. The same on all servers. " +
      "Shorter finds a dead server sooner, and takes a slow one for a dead one sooner.",
  ),
  accountAppId: setting(
    wholeNumber(1, Number.MAX_SAFE_INTEGER),
    1,
    "1",
    "The numeric app id of the default account. The CMQ dialects send it as `TopicOwner`.",
  ),
  logLevel: setting(choice(logLevels), "info", "info", "The least important lines that are still logged."),
  allowPrivateNetworks: setting(
    yesOrNo(),
    // config.ts decides by `listen`; this is the careful half.
    false,
    "true when `listen` is a loopback address, otherwise false",
    "Whether endpoints may be in private networks: loopback, link-local, 10.0.0.0/8, 192.168.0.0/16 and the like. " +
      "The clouds' metadata services stay closed even then, unless `allowedAddresses` names them. " +
      "Who can reach the server can tell it to POST to any URL, so a server that others reach would be a door into the network it stands in. " +
      "A server on a loopback address is reached by its own machine only, which could POST there by itself.",
  ),
  allowedAddresses: setting(
    networks(1024),
    [],
    "none",
    "Addresses and networks that endpoints may be in although `allowPrivateNetworks` is false. A list in the file; " +
      "separated by commas in the flag and the variable.",
  ),
  masterKey: secretSetting(
    masterKeys(8),
    [],
    "none",
    "What keys (`/v1/keys`) are encrypted with in the database; without it none can be put. Keep it somewhere else than the " +
      "database: whoever has both has the keys. To change it, put the new one before the old one: the first encrypts, each " +
      "decrypts what it has encrypted. Once every key has been put again the old one can go.",
  ),
  wechatTopic: setting(
    topicName(),
    "wechat",
    "wechat",
    "The topic whose messages go to the handlers that programs add at `POST /api/`, as with the WeChat HTTP API. " +
      "It is made with the first handler; publish to it like to any other topic.",
  ),
  cmqTimestampWindowMs: setting(
    milliseconds(1000, 3600_000),
    300_000,
    "5m",
    "How far the timestamp of a request of CMQ's API (`/v2/index.php`, and `POST /` with `X-TC-Action`) may be from this server's time, either way. " +
      "Within it a request of `/v2/index.php` that is sent again, with the same nonce and signature, is refused by the server that has served it.",
  ),
  cmqRefuseReplays: setting(
    yesOrNo(),
    true,
    "true",
    "Whether a request of `/v2/index.php` that came before is refused. Some clients draw their nonce from ten thousand numbers only: of those that send the " +
      "same request a hundred times a second, such as a receive that does not wait, one in two seconds is taken for a replay. False serves them, and whoever can listen " +
      "can send again what was heard, for as long as its timestamp counts.",
  ),
  inFlightMax: setting(
    wholeNumber(1, 65_536),
    2048,
    "2048",
    "POSTs under way at the same time, over all subscriptions. Each holds a socket and its message.",
  ),
  shutdownGraceMs: setting(
    milliseconds(0, 600_000),
    10_000,
    "10s",
    "After SIGTERM or SIGINT, how long POSTs under way may take to end. What has not ended by then is released and goes out again after the next start.",
  ),
  attemptRetentionMs: setting(
    milliseconds(1000, 365 * day),
    7 * day,
    "7d",
    "How long the record of an attempt is kept.",
  ),
  deadLetterRetentionMs: setting(
    milliseconds(1000, 3650 * day),
    30 * day,
    "30d",
    "How long a dead letter is kept, with its own copy of the message.",
  ),
  messageCacheBytes: setting(
    byteCount(0, 64 * 1024 ** 3),
    8 * 1024 ** 2,
    "8MiB",
    "Memory for messages that were read or published lately, so that a thousand subscriptions read a message once.",
  ),
} as const;

export type SettingKey = keyof typeof settings;

/** The values once read. */
export type Settings = { readonly [Key in SettingKey]: Static<(typeof settings)[Key]["schema"]> };

export function isSettingKey(key: string): key is SettingKey {
  return Object.hasOwn(settings, key);
}

export const settingKeys: readonly SettingKey[] = Object.keys(settings).filter(isSettingKey);

/** Those that a command line may hold. */
export const flagKeys: readonly SettingKey[] = settingKeys.filter((key) => !settings[key].secret);

/** `shutdownGraceMs` is set with `--shutdown-grace-ms`. */
export function flagName(key: string): string {
  return `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** `shutdownGraceMs` is set with `RINGBACK_SHUTDOWN_GRACE_MS`. */
export function variableName(key: string): string {
  return `RINGBACK_${key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}
