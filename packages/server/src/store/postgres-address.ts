/** Where a database is, from a connection string in one of the two forms of libpq, PostgreSQL's own client library. */
export interface PostgresAddress {
  /** Name of the database; null: the name of the user, as libpq does. */
  readonly database: string | null;
  /** Host and port, or the folder of a Unix socket. Contains neither user nor password, so that it can be shown. */
  readonly host: string;
  /** The address in the form that the pg library reads, with escaped values. */
  readonly url: string;
}

/** Thrown when the connection string cannot be read. The message is the end of a sentence, and shows no part of it. */
export class AddressFault extends Error {}

/** Parameters that the pg library reads from a URL. Others would change options of the driver, or mean nothing. */
const passedOn: ReadonlySet<string> = new Set([
  "application_name",
  "fallback_application_name",
  "options",
  "ssl",
  "sslcert",
  "sslkey",
  "sslmode",
  "sslnegotiation",
  "sslrootcert",
  "uselibpqcompat",
]);

/** Parts of the address itself. */
const ownParts: ReadonlySet<string> = new Set(["user", "password", "host", "hostaddr", "port", "dbname"]);

/** Parameters of libpq that change nothing here: no time limit, session or protection depends on them. */
const unused: ReadonlySet<string> = new Set([
  "channel_binding",
  "client_encoding",
  "connect_timeout",
  "gssencmode",
  "keepalives",
  "keepalives_count",
  "keepalives_idle",
  "keepalives_interval",
  "load_balance_hosts",
  "sslcompression",
  "sslsni",
  "target_session_attrs",
]);

type Parameters = ReadonlyMap<string, string>;

const scheme = /^postgres(?:ql)?:\/\//;

/** Returns what is wrong with a connection string, as the end of a sentence that shows no part of it; null: nothing. */
export function addressFault(text: string): string | null {
  try {
    parseAddress(text);
    return null;
  } catch (error) {
    if (error instanceof AddressFault) return error.message;
    throw error;
  }
}

/** Throws `AddressFault`. */
export function parseAddress(text: string): PostgresAddress {
  const isPairs = /^\s*\w+\s*=/.test(text);
  if (!isPairs && !scheme.test(text)) throw new AddressFault("is not valid");
  const parameters = isPairs ? readPairs(text) : readUrl(text.replace(scheme, ""));
  assertKnown(parameters);
  const value = (name: string): string | null => parameters.get(name) || null;
  const host = value("host") ?? value("hostaddr");
  const port = value("port");
  if (host?.includes(",") === true || port?.includes(",") === true) {
    throw new AddressFault("names several hosts; give the one address under which the primary can always be reached");
  }
  if (port !== null && !(/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535)) {
    throw new AddressFault("has a port that is not a number from 1 to 65535");
  }
  const database = value("dbname");
  return {
    database,
    host: host?.startsWith("/") === true ? host : `${bracketed(host ?? "localhost")}${port === null ? "" : `:${port}`}`,
    url: writeUrl({ user: value("user"), password: value("password"), host, port, database }, parameters),
  };
}

/** A parameter with a spelling mistake, such as `sslmod=require`, would otherwise leave the connection unprotected. */
function assertKnown(parameters: Parameters): void {
  const given = [...parameters.keys()].filter((name) => !ownParts.has(name));
  const unknown = given.findIndex((name) => !passedOn.has(name) && !unused.has(name));
  if (unknown < 0) return;
  throw new AddressFault(
    `has an unknown parameter (number ${unknown + 1} of its ${given.length}); known are ${[...passedOn].join(", ")}`,
  );
}

function writeUrl(
  {
    user,
    password,
    host,
    port,
    database,
  }: Readonly<Record<"user" | "password" | "host" | "port" | "database", string | null>>,
  parameters: Parameters,
): string {
  const query = new URLSearchParams([...parameters].filter(([name]) => passedOn.has(name)));
  const isSocket = host?.startsWith("/") === true;
  if (isSocket) query.set("host", host);
  // A URL without a host has no place for a port.
  if ((isSocket || host === null) && port !== null) query.set("port", port);
  const login = [user ?? "", ...(password === null ? [] : [password])].map(encodeURIComponent).join(":");
  // The pg library decodes the name of the database by `decodeURI`, which leaves these characters as they are.
  const path = encodeURIComponent(database ?? "").replaceAll(/%(?:2C|2F|3A|3B|3D|24|26|2B|40)/g, decodeURIComponent);
  const at = isSocket || host === null ? "" : `${bracketed(host)}${port === null ? "" : `:${port}`}`;
  return `postgres://${login === "" ? "" : `${login}@`}${at}/${path}${query.size === 0 ? "" : `?${query.toString()}`}`;
}

function bracketed(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}

/** Hosts with ports, the database and the parameters, which follow user and password. */
const addressForm =
  /^(?<hosts>(?:[\w.%-]+|\[[\da-fA-F:.%]+\])?(?::\d*)?(?:,[\w.%:[\]-]*)*)(?:\/(?<database>[^/?@]*))?(?:\?(?<query>(?:[\w.-]+=[^&]*(?:&|$))*))?$/s;

/**
 * Reads a URL as libpq does: user and password end at the first "@" if no "/" comes before. Where this gives no valid
 * address, they end at the only other "@" that does, so that a password may contain special characters unescaped.
 */
function readUrl(rest: string): Parameters {
  const ends = [...rest.matchAll(/@/g)].map(({ index }) => index);
  const [first] = ends;
  const asLibpq = first === undefined || rest.slice(0, first).includes("/") ? -1 : first;
  if (addressForm.test(rest.slice(asLibpq + 1))) return readParts(rest, asLibpq);
  const others = ends.filter((end) => addressForm.test(rest.slice(end + 1)));
  if (others.length === 1) return readParts(rest, others[0] as number);
  throw new AddressFault(
    "cannot be split into user, password and host; write the characters @ : / ? # and % of user and password as " +
      "%40 %3A %2F %3F %23 and %25",
  );
}

function readParts(rest: string, end: number): Parameters {
  const parameters = new Map<string, string>();
  const login = rest.slice(0, Math.max(0, end));
  const colon = login.indexOf(":");
  parameters.set("user", decode(colon < 0 ? login : login.slice(0, colon)));
  if (colon >= 0) parameters.set("password", decode(login.slice(colon + 1)));
  const { hosts = "", database = "", query = "" } = addressForm.exec(rest.slice(end + 1))?.groups ?? {};
  const [, host = "", port = ""] = /^(\[.*\]|[^:,]*)(?::(\d*))?$/.exec(hosts) ?? [null, hosts, ""];
  parameters.set("host", decode(host.replace(/^\[(.*)\]$/, "$1")));
  parameters.set("port", port);
  parameters.set("dbname", decode(database));
  // A parameter overrides the same part of the URL, as libpq does.
  for (const [name, value] of new URLSearchParams(query.replaceAll("+", "%2B"))) parameters.set(name, value);
  return parameters;
}

/** Decodes `%` and two hexadecimal digits. Any other `%` is an ordinary character. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll(/%(?![\da-f]{2})/gi, "%25"));
  } catch {
    throw new AddressFault("has a % and two digits that are no UTF-8; write % as %25");
  }
}

/** `key = value` and `key = 'value with spaces, \' and \\'`, separated by spaces. */
const pair = /\s*(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*))(?=\s|$)/sy;

function readPairs(text: string): Parameters {
  const parameters = new Map<string, string>();
  const trimmed = text.trim();
  pair.lastIndex = 0;
  while (pair.lastIndex < trimmed.length) {
    const [, name, quoted, plain = ""] = pair.exec(trimmed) ?? [];
    if (name === undefined) {
      throw new AddressFault(
        "is not a list of key=value; put a value with spaces between single quotes, and write ' and \\ " +
          "in it as \\' and \\\\",
      );
    }
    parameters.set(name, (quoted ?? plain).replaceAll(/\\(.)/gs, "$1"));
  }
  return parameters;
}
