import type { Static, TSchema } from "typebox";
import { limits } from "../domain/limits.ts";
import { logLevels } from "../ops/log-levels.ts";
import {
  byteCount,
  byteCountOrUnlimited,
  choice,
  collectorUrl,
  database,
  directTargets,
  headerPairs,
  hostName,
  hosts,
  listenAddress,
  masterKeys,
  milliseconds,
  networks,
  operatorToken,
  optionalListenAddress,
  origins,
  path,
  proxyUrl,
  ordinaryTopicName,
  ratio,
  topicName,
  wholeNumber,
  yesOrNo,
} from "./setting-kinds.ts";
import type { SettingKind } from "./setting-kinds.ts";

/** One setting of the server, which an operator can change. */
export interface Setting<Schema extends TSchema = TSchema> extends SettingKind<Schema> {
  readonly read: (raw: unknown) => unknown;
  readonly default: Static<Schema>;
  /** The default as the documentation shows it. */
  readonly defaultText: string;
  /** The effect of the setting and the reason to change it, in Markdown. */
  readonly about: string;
  /**
   * True: the value is a secret. Such a setting has no flag, because every user of a machine can read command lines.
   * Errors do not show its value.
   */
  readonly secret: boolean;
}

const day = 24 * 3600_000;

function setting<Schema extends TSchema>(
  kind: SettingKind<Schema>,
  fallback: Static<Schema>,
  about: string,
  { secret = false, defaultText = (kind.show?.(fallback) ?? String(fallback)) || "none" } = {},
): Setting<Schema> {
  return { read: (raw) => raw, ...kind, default: fallback, defaultText, about, secret };
}

/**
 * All settings, in the order of the documentation: the kind of value with its range, the default and the description.
 */
export const settings = {
  listen: setting(
    listenAddress,
    { host: "127.0.0.1", port: 8000 },
    "Address and port that the server listens on. By default only programs on the same machine can reach the server, " +
      "and they need no API key until the first operator's key is made. With another address the server does not start " +
      "before there is such a key. Port 0 chooses a free port, which the log shows.",
  ),
  publicListen: setting(
    optionalListenAddress,
    undefined,
    "A further address and port that serves only inboxes (`/in/…`) and the public keys for verifying deliveries " +
      "(`/.well-known/jwks.json`), and answers everything else with 404. With it, senders and receivers on the " +
      "Internet can reach these paths, while `listen` stays in the private network.",
  ),
  opsListen: setting(
    optionalListenAddress,
    undefined,
    "A further address and port that serves only `/metrics`, `/healthz` and `/readyz`, and answers everything else " +
      "with 404. `listen` serves these paths too.",
  ),
  tlsCertFile: setting(
    path(4096, "file"),
    "",
    "The certificate of the server in PEM, followed by the intermediate certificates. With it, all listeners speak " +
      "TLS 1.2 or newer, with HTTP/2 and HTTP/1.1. It needs `tlsKeyFile`. When one of the files changes, new " +
      "connections get the new certificate. While the new files cannot be used, the old certificate stays in use, and " +
      "the log says why.",
  ),
  tlsKeyFile: setting(path(4096, "file"), "", "The private key of `tlsCertFile` in PEM, without a passphrase."),
  trustedProxies: setting(
    networks(1024),
    [],
    "Addresses and networks of reverse proxies. The headers `X-Forwarded-For`, `X-Forwarded-Host` and " +
      "`X-Forwarded-Proto` count only if such a proxy sent them, and are ignored otherwise. Each of these proxies must " +
      "set or remove `X-Forwarded-Host`. The forwarded host must be a host of this server too (see `allowedHosts`).",
  ),
  connectionsPerSourceMax: setting(
    wholeNumber(1, limits.connectionsMax),
    2000,
    "Maximum number of open connections from one IPv4 address, or from one /64 network of IPv6. Further connections " +
      `are closed at once. All sources together can have ${limits.connectionsMax}. Loopback addresses and ` +
      "`trustedProxies` have no limit of their own.",
  ),
  data: setting(
    path(4096),
    "./ringback-data",
    "The folder of the database. It is created if it does not exist, and only one server at a time can use it. " +
      "A relative path starts from the folder in which the server is started.",
  ),
  database: setting(
    database,
    "sqlite",
    "The database: `sqlite` in the data folder, or PostgreSQL 14 or newer as " +
      "`postgres://user:password@host:port/name`, or in any other form that libpq reads, such as " +
      "`postgres://user@/name?host=/run/postgresql` and `host=db user=ringback dbname=ringback`. Any number of servers can use one PostgreSQL database; each of them " +
      "accepts and delivers messages. `data`, `databaseBytesMax` and `messageCacheBytes` apply to `sqlite` only. If " +
      "the address contains a password, use the environment variable instead of the flag.",
  ),
  databaseBytesMax: setting(
    byteCountOrUnlimited(1024 ** 2, 256 * 1024 ** 4),
    0,
    "Maximum size of the database and its write-ahead log on disk; 0 means no limit. At the limit a publish is refused with 503 " +
      "`storage_full`.",
  ),
  nodeGoneAfterMs: setting(
    milliseconds(2000, 120_000),
    20_000,
    "With PostgreSQL: a server that has not contacted the database for this long is considered dead, and the others " +
      "take over its deliveries. If it comes back later (it was suspended or disconnected), it does not send these " +
      "deliveries any more. Use the same value on all servers. A shorter time detects a dead server sooner, but a " +
      "slow server may be considered dead by mistake.",
  ),
  account: setting(
    topicName,
    "default",
    "The account that owns what this file declares. It is created if it does not exist.",
  ),
  accountAppId: setting(
    wholeNumber(1, Number.MAX_SAFE_INTEGER),
    1,
    "The numeric app id of the default account. The CMQ protocols send it as `TopicOwner`.",
  ),
  operatorToken: setting(
    operatorToken,
    "",
    "A token with which an operator can use the API (`Authorization: Bearer …`) before the first API key is created, " +
      "such as the output of `openssl rand -hex 32`. It stays valid as long as it is set.",
    { secret: true, defaultText: "none" },
  ),
  logLevel: setting(choice(logLevels), "info", "Log lines below this level are not written."),
  slowRequestMs: setting(
    milliseconds(1, 3600_000),
    1_000,
    "A request whose answer takes longer gets a line in the log, unless its answer waits on purpose, such as a pull.",
  ),
  metricsSubscriptionsMax: setting(
    wholeNumber(0, 10_000),
    200,
    "The number of subscriptions, and of topics, that have metrics of their own: the failing ones and the busiest. All " +
      "others are counted together under the name `_other`. Each subscription has about 20 lines in `/metrics`.",
  ),
  allowPrivateNetworks: setting(
    yesOrNo,
    // config.ts computes the default.
    false,
    "Whether endpoints may be in private networks: loopback, link-local, 10.0.0.0/8, 192.168.0.0/16 and so on. The " +
      "metadata services of cloud providers stay denied even then, unless `allowedAddresses` names them. Everyone who " +
      "can reach the server can make it POST to any URL. So a server that is reachable from other machines would give " +
      "them access to its private network. A server that has loopback addresses only and trusts no proxy is reachable " +
      "only from its own machine, which has that access anyway.",
    { defaultText: "true when every address of the server is a loopback address and `trustedProxies` is empty" },
  ),
  allowedAddresses: setting(
    networks(1024),
    [],
    "Addresses and networks that endpoints may use even if `allowPrivateNetworks` is false. A list in the file; " +
      "separated by commas in the flag and the variable.",
  ),
  egressProxy: setting(
    proxyUrl,
    "",
    "A proxy through which the server makes all connections to endpoints: pushes, hooks, token requests, WebSocket and TCP. " +
      "`http://` and `https://` mean HTTP CONNECT, also for endpoints without TLS; `socks5://` means SOCKS5. The server " +
      "looks up the endpoint's name itself, checks the addresses, and gives the proxy a checked address, never the name. " +
      "So the server needs a name service that knows the endpoints, and the proxy must accept addresses and the " +
      "ports of the endpoints. `allowPrivateNetworks` and `allowedAddresses` do not apply to the proxy's own address.",
    { secret: true },
  ),
  egressProxyExcept: setting(
    directTargets(1024),
    [],
    "Endpoints to which the server connects without `egressProxy`: host names (`*.internal` for all names below it), " +
      "addresses and networks. A name is in a network if all of its addresses are.",
  ),
  endpointVerification: setting(
    choice(["off", "required"]),
    "off",
    "`required`: the endpoint of a new or changed subscription gets messages only after it has answered a handshake " +
      "(`push.verify`), so nobody can aim the server at a stranger. A subscription without `push.verify` gets the method " +
      "`challenge`. Endpoints over WebSocket and TCP are refused. Endpoints that were stored before stay usable.",
  ),
  publicName: setting(
    hostName,
    "",
    "The name of this server, which endpoints get as `WebHook-Request-Origin` (`push.verify: cloudevents`). If empty: the " +
      "name of the machine.",
  ),
  allowedHosts: setting(
    hosts(1024),
    [],
    "Further names of this server. A request is refused with 421 if its `Host` header contains another name, because a " +
      "web page could let its own name resolve to this server's address and so use the API (DNS rebinding). These " +
      "hosts are always known: `localhost`, loopback addresses and the host of `listen`. If `listen` is not a " +
      "loopback address, also every IP address, the name of the machine, names without a dot, and names that end in " +
      "`.local`, `.internal` or `.home.arpa`. Add the public name if the server is behind a reverse proxy that keeps " +
      "the `Host` header.",
  ),
  allowedOrigins: setting(
    origins(1024),
    [],
    "Origins of web pages that may send requests to this server. Requests of all other pages are refused with 403: " +
      "those with an `Origin` header of another site, and those with `Sec-Fetch-Site: cross-site` or `same-site`. " +
      "Programs other than browsers send neither header. Pages of these origins get the answers of the CORS protocol. " +
      "Browsers send `Sec-Fetch-Site` only to HTTPS and loopback addresses, so a server that browsers reach by other addresses needs TLS " +
      "(see `tlsCertFile`).",
  ),
  masterKey: setting(
    masterKeys(8),
    [],
    "The key that encrypts keys (`/v1/keys`), API keys and the secrets of endpoints in the database. Without a " +
      "master key none can be stored. With SQLite, a server without this setting makes a master key at its first start, " +
      "in the file `master.key` of the data folder. In production, set this one, and keep it apart from the database, because " +
      "both together reveal the secrets. To change it, put the new master key before " +
      "the old one: the first one encrypts, and each one decrypts what it has encrypted. The key in the file comes " +
      "after all of these. After every secret has been stored again with PUT, remove the old master key.",
    { secret: true },
  ),
  wechatTopic: setting(
    ordinaryTopicName,
    "wechat",
    "The topic whose messages are sent to the handlers that programs add at `POST /api/`, the WeChat HTTP API. " +
      "It is created with the first handler. Publish to it as to any other topic.",
  ),
  cmqTimestampWindowMs: setting(
    milliseconds(1000, 3600_000),
    300_000,
    "Maximum difference, in either direction, between the timestamp of a request to CMQ's API (`/v2/index.php` and " +
      "`/`) and this server's time. Within this time the server recognises a request that it has served before by its " +
      "signature, and refuses it (see `cmqRefuseReplays`).",
  ),
  cmqRefuseReplays: setting(
    yesOrNo,
    true,
    "Whether a request to CMQ's API is refused if the same request was sent before. Some clients choose their " +
      "nonce from only 10,000 numbers. If such a client sends the same request a hundred times a second, such as a " +
      "receive without waiting, about one request every two seconds is refused by mistake. With `false` these " +
      "requests are served, but anyone who can intercept a request can send it again while its timestamp is valid.",
  ),
  dashboard: setting(
    yesOrNo,
    true,
    "Whether the server shows itself to people, as a web page at `/`. The page uses the API, with an API key of the " +
      "person.",
  ),
  otlpEndpoint: setting(
    collectorUrl,
    "",
    "The collector that gets the spans of publishes, deliveries and attempts, by OTLP over HTTP with JSON. `/v1/traces` is " +
      "added to the URL unless it ends so. Without this setting the server makes no spans, and only sends the trace " +
      "context of each message on. The variable `OTEL_EXPORTER_OTLP_ENDPOINT` counts if this one is not set. The other " +
      "variables `OTEL_EXPORTER_OTLP_…`, such as `OTEL_EXPORTER_OTLP_CERTIFICATE` and `OTEL_EXPORTER_OTLP_COMPRESSION`, and " +
      "`OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES`, work as OpenTelemetry defines them. `egressProxy` does not " +
      "apply to the collector.",
  ),
  otlpHeaders: setting(
    headerPairs(32),
    [],
    "Headers of the requests to the collector, such as `authorization=Bearer%20…`.",
    { secret: true },
  ),
  traceSampleRatio: setting(
    ratio,
    1,
    "The part of the publishes without a trace context that begin a recorded trace. A publish with a trace context is " +
      "recorded if its publisher has decided so.",
  ),
  inFlightMax: setting(
    wholeNumber(1, 65_536),
    2048,
    "Maximum number of POSTs in flight, over all subscriptions. Each needs a socket and the memory for its message.",
  ),
  shutdownGraceMs: setting(
    milliseconds(0, 600_000),
    10_000,
    "How long POSTs in flight may take to end after SIGTERM or SIGINT. The others are aborted and sent again after " +
      "the next start.",
  ),
  attemptRetentionMs: setting(milliseconds(1000, 365 * day), 7 * day, "How long the record of an attempt is kept."),
  exchangesBytesMax: setting(
    byteCount(0, 1024 ** 4),
    256 * 1024 ** 2,
    "The bytes that the kept requests and replies of attempts may have together in the database, see " +
      "`push.keepExchanges`. The oldest are deleted first. They are deleted too when their topic's retention or " +
      "`attemptRetentionMs` is over. 0: none is kept for longer than a minute.",
  ),
  deadLetterRetentionMs: setting(
    milliseconds(1000, 3650 * day),
    30 * day,
    "How long a dead letter, which includes a copy of the message, is kept.",
  ),
  auditRetentionMs: setting(milliseconds(1000, 3650 * day), 90 * day, "How long the record of a change is kept."),
  messageCacheBytes: setting(
    byteCount(0, 64 * 1024 ** 3),
    8 * 1024 ** 2,
    "Memory for recently read or published messages, so that a message is read once even for a thousand subscriptions.",
  ),
} as const;

export type SettingKey = keyof typeof settings;

/** The parsed values. */
export type Settings = { readonly [Key in SettingKey]: Static<(typeof settings)[Key]["schema"]> };

export function isSettingKey(key: string): key is SettingKey {
  return Object.hasOwn(settings, key);
}

export const settingKeys: readonly SettingKey[] = Object.keys(settings).filter(isSettingKey);

/** The settings that have a flag. */
export const flagKeys: readonly SettingKey[] = settingKeys.filter((key) => !settings[key].secret);

/** The settings whose value a variable can take from a file. The address of a database may contain a password. */
export const secretKeys: readonly SettingKey[] = settingKeys.filter(
  (key) => settings[key].secret || key === "database",
);

/** `--shutdown-grace-ms` for `shutdownGraceMs`. */
export function flagName(key: string): string {
  return `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** `RINGBACK_SHUTDOWN_GRACE_MS` for `shutdownGraceMs`. */
export function variableName(key: string): string {
  return `RINGBACK_${key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** `RINGBACK_MASTER_KEY_FILE` for `masterKey`: the path of a file with the value. */
export function fileVariableName(key: string): string {
  return `${variableName(key)}_FILE`;
}
