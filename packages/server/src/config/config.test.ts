import { describe, expect, it } from "vitest";
import { ConfigError } from "./config-error.ts";
import { type ConfigSources, type Flags, loadConfig } from "./config.ts";

interface Given {
  flags?: Flags;
  env?: Record<string, string>;
  /** The text of ringback.yaml. The option `--config` contains its path unless `flags` or `env` already give a path. */
  file?: string;
}

function sources({ flags = {}, env = {}, file }: Given): ConfigSources {
  const named = "config" in flags || "RINGBACK_CONFIG" in env || file === undefined;
  return {
    flags: named ? flags : { ...flags, config: "ringback.yaml" },
    env,
    readFile: (path) => {
      if (path === "ringback.yaml" && file !== undefined) return file;
      throw new Error("no such file or directory");
    },
  };
}

const load = (given: Given = {}) => loadConfig(sources(given));

/** Returns the line of the error with which the configuration is refused. */
function refusal(given: Given): string {
  try {
    load(given);
  } catch (error) {
    if (error instanceof ConfigError && !error.message.includes("\n")) return error.message;
    throw error;
  }
  throw new Error("the configuration was accepted");
}

describe("the configuration", () => {
  it("has a default for everything", () => {
    expect(load()).toEqual({
      listen: { host: "127.0.0.1", port: 8000 },
      publicListen: undefined,
      opsListen: undefined,
      tlsCertFile: "",
      tlsKeyFile: "",
      trustedProxies: [],
      connectionsPerSourceMax: 2000,
      data: "./ringback-data",
      database: "sqlite",
      databaseBytesMax: 0,
      nodeGoneAfterMs: 20_000,
      account: "default",
      accountAppId: 1,
      operatorToken: "",
      logLevel: "info",
      slowRequestMs: 1_000,
      metricsSubscriptionsMax: 200,
      allowPrivateNetworks: true,
      allowedAddresses: [],
      egressProxy: "",
      egressProxyExcept: [],
      endpointVerification: "off",
      publicName: "",
      dashboard: true,
      allowedHosts: [],
      allowedOrigins: [],
      masterKey: [],
      wechatTopic: "wechat",
      cmqTimestampWindowMs: 300_000,
      cmqRefuseReplays: true,
      otlpEndpoint: "",
      otlpHeaders: [],
      traceSampleRatio: 1,
      inFlightMax: 2048,
      shutdownGraceMs: 10_000,
      attemptRetentionMs: 7 * 24 * 3600_000,
      exchangesBytesMax: 256 * 1024 * 1024,
      deadLetterRetentionMs: 30 * 24 * 3600_000,
      auditRetentionMs: 90 * 24 * 3600_000,
      messageCacheBytes: 8 * 1024 * 1024,
      declared: { topics: [], inboxes: [], hooks: [], keys: [], apiKeys: [], eventTypes: [] },
    });
  });

  it("overrides the default by the file, the file by a variable, and a variable by a flag", () => {
    const file = "data: /from/file\ninFlightMax: 3\naccountAppId: 7\n";
    const env = { RINGBACK_DATA: "/from/env", RINGBACK_IN_FLIGHT_MAX: "2" };
    const config = load({ file, env, flags: { data: "/from/flag" } });
    expect(config).toMatchObject({ data: "/from/flag", inFlightMax: 2, accountAppId: 7, logLevel: "info" });
  });

  it("overrides other values by false or 0", () => {
    const config = load({
      file: "allowPrivateNetworks: true\ndatabaseBytesMax: 2MiB\n",
      flags: { allowPrivateNetworks: false, databaseBytesMax: "0" },
    });
    expect(config).toMatchObject({ allowPrivateNetworks: false, databaseBytesMax: 0 });
  });

  it.each(["constructor", "toString", "__proto__", "hasOwnProperty"])("knows no setting %s", (name) => {
    expect(refusal({ file: `${name}: 1\n` })).toContain(`unknown key "${name}"`);
    expect(refusal({ file: `topics:\n  t:\n    ${name}: 1\n` })).toContain(name);
    expect(refusal({ env: { [`RINGBACK_${name}`]: "1" } })).toContain(name);
  });

  it("finds the file by its variable, and by the flag first", () => {
    expect(load({ env: { RINGBACK_CONFIG: "ringback.yaml" }, file: "accountAppId: 5" }).accountAppId).toBe(5);
    const both = {
      env: { RINGBACK_CONFIG: "other.yaml" },
      flags: { config: "ringback.yaml" },
      file: "accountAppId: 6",
    };
    expect(load(both).accountAppId).toBe(6);
  });

  it("treats an empty variable as not set", () => {
    expect(load({ env: { RINGBACK_DATA: "", RINGBACK_CONFIG: "" } }).data).toBe("./ringback-data");
  });

  it("accepts an empty file", () => {
    expect(load({ file: "# nothing yet\n" }).listen.port).toBe(8000);
  });

  it.each([
    ["0.0.0.0:8000", false],
    [":8000", false],
    ["[::]:8000", false],
    ["10.1.2.3:8000", false],
    ["callbacks.example:8000", false],
    ["127.0.0.1:0", true],
    ["127.9.9.9:1", true],
    ["[::1]:8000", true],
    ["localhost:8000", true],
  ])("listening on %s, allows endpoints in private networks by default: %s", (listen, allowed) => {
    expect(load({ flags: { listen } }).allowPrivateNetworks).toBe(allowed);
    expect(load({ flags: { listen, allowPrivateNetworks: !allowed } }).allowPrivateNetworks).toBe(!allowed);
  });

  it.each([{ opsListen: ":1" }, { publicListen: ":1" }, { trustedProxies: "::1" }])("allows none for %o", (flags) => {
    expect(load({ flags: { listen: "127.0.0.1:8000", ...flags } }).allowPrivateNetworks).toBe(false);
  });

  it("reads networks from a list in the file and from text with commas", () => {
    const networks = ["10.0.0.0/8", "192.168.1.7/32", "fd00::/8"];
    expect(load({ file: "allowedAddresses: [10.0.0.0/8, 192.168.1.7, fd00::/8]" }).allowedAddresses).toEqual(networks);
    expect(load({ env: { RINGBACK_ALLOWED_ADDRESSES: "10.0.0.0/8, 192.168.1.7,fd00::/8" } }).allowedAddresses).toEqual(
      networks,
    );
    expect(load({ flags: { allowedAddresses: ["10.0.0.0/8", "192.168.1.7,fd00::/8"] } }).allowedAddresses).toEqual(
      networks,
    );
  });

  it("reads durations and sizes with units from all three", () => {
    const config = load({
      flags: { shutdownGraceMs: "2s" },
      env: { RINGBACK_ATTEMPT_RETENTION_MS: "1d" },
      file: "messageCacheBytes: 64MiB\ndeadLetterRetentionMs: 90000\n",
    });
    expect(config).toMatchObject({
      shutdownGraceMs: 2000,
      attemptRetentionMs: 24 * 3600_000,
      messageCacheBytes: 64 * 1024 * 1024,
      deadLetterRetentionMs: 90_000,
    });
  });

  it("reads master keys from a list in the file and from text with commas, in both alphabets of base64", () => {
    const keys = ["_-8BAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"];
    const [asOpensslWritesIt, second] = ["/+8BAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4=", keys[1]];
    expect(load({ env: { RINGBACK_MASTER_KEY: `${asOpensslWritesIt}, ${second}` } }).masterKey).toEqual(keys);
    expect(load({ file: `masterKey: [${keys.join(", ")}]` }).masterKey).toEqual(keys);
    expect(load({ file: `masterKey: ${asOpensslWritesIt}` }).masterKey).toEqual([keys[0]]);
  });
});

describe("one clear line stops the start", () => {
  it("for an unknown key of the file, with its line and the key that was meant", () => {
    expect(refusal({ file: "data: /x\nlisen: 127.0.0.1:1\n" })).toBe(
      'ringback.yaml:2: unknown key "lisen"; did you mean listen?',
    );
  });

  it("for an unknown key that is similar to none, with the known keys", () => {
    expect(refusal({ file: "zebra: 1" })).toMatch(
      /^ringback\.yaml:1: unknown key "zebra"; known here: listen, .*data, .*topics, .*keys/,
    );
  });

  it("for an unknown variable", () => {
    expect(refusal({ env: { RINGBACK_LISTN: ":1" } })).toBe(
      "RINGBACK_LISTN: no such setting; did you mean RINGBACK_LISTEN?",
    );
    expect(refusal({ env: { RINGBACK_PORT: "9000" } })).toMatch(/^RINGBACK_PORT: no such setting/);
  });

  it("but not for the variables that container platforms set for a service called ringback", () => {
    const env = {
      RINGBACK_SERVICE_HOST: "10.0.0.1",
      RINGBACK_SERVICE_PORT: "8000",
      RINGBACK_SERVICE_PORT_HTTP: "8000",
      RINGBACK_PORT: "tcp://10.0.0.1:8000",
      RINGBACK_PORT_8000_TCP: "tcp://10.0.0.1:8000",
      RINGBACK_PORT_8000_TCP_ADDR: "10.0.0.1",
      PATH: "/bin",
    };
    expect(load({ env }).listen.port).toBe(8000);
  });

  it("for an unknown flag", () => {
    expect(refusal({ flags: { lisen: "x" } })).toBe('--lisen: unknown key "lisen"; did you mean listen?');
  });

  it.each([
    [{ flags: { listen: "8000" } }, /^--listen: listen cannot be "8000"; give an address and a port from 0 to 65535: /],
    [{ flags: { listen: "127.0.0.1:65536" } }, /^--listen: listen cannot be "127\.0\.0\.1:65536"; give /],
    [{ flags: { data: "" } }, /^--data: data cannot be ""; give the path of a folder/],
    [
      { env: { RINGBACK_IN_FLIGHT_MAX: "lots" } },
      /^RINGBACK_IN_FLIGHT_MAX: inFlightMax cannot be "lots"; give a whole number from 1 to 65536$/,
    ],
    [
      { env: { RINGBACK_LOG_LEVEL: "loud" } },
      /^RINGBACK_LOG_LEVEL: logLevel cannot be "loud"; give one of trace, debug, /,
    ],
    [
      { env: { RINGBACK_SHUTDOWN_GRACE_MS: "1h" } },
      /^RINGBACK_SHUTDOWN_GRACE_MS: shutdownGraceMs cannot be "1h"; give .*from 0 to 10m$/,
    ],
    [
      { env: { RINGBACK_ALLOW_PRIVATE_NETWORKS: "maybe" } },
      /allowPrivateNetworks cannot be "maybe"; give true or false$/,
    ],
    [
      { env: { RINGBACK_ALLOWED_ADDRESSES: "10.0.0.0/33" } },
      /allowedAddresses cannot be "10\.0\.0\.0\/33"; give addresses or networks/,
    ],
    [
      { file: "\n\ninFlightMax: 0" },
      /^ringback\.yaml:3: inFlightMax cannot be 0; give a whole number from 1 to 65536$/,
    ],
    [{ file: "data:" }, /^ringback\.yaml:1: data cannot be null; give the path/],
    [
      { file: "databaseBytesMax: 100" },
      /^ringback\.yaml:1: databaseBytesMax cannot be 100; give .*; or 0 for no limit$/,
    ],
    [{ file: "messageCacheBytes: 10GB" }, /messageCacheBytes cannot be "10GB"; give bytes, or a number with a unit/],
    [{ file: "accountAppId: 1.5" }, /accountAppId cannot be 1\.5/],
    [
      { file: "database: mysql" },
      /^ringback\.yaml:1: database cannot be "mysql"; give sqlite, or postgres:\/\/user:password@host:port\/name$/,
    ],
    [{ file: "allowedAddresses: [10.0.0.1, 7]" }, /allowedAddresses cannot be \["10\.0\.0\.1",7\]/],
  ] as [Given, RegExp][])("for an invalid value: %j", (given, line) => {
    expect(refusal(given)).toMatch(line);
  });

  it("for an invalid database address, without showing its password", () => {
    const line = refusal({ env: { RINGBACK_DATABASE: "mysql://me:secret@db/ringback" } });
    expect(line).toBe(
      "RINGBACK_DATABASE: database is not valid; give sqlite, or postgres://user:password@host:port/name",
    );
    expect(refusal({ flags: { database: "postgres://me:secret@db:port/x" } })).toMatch(
      /^--database: database cannot be split into user, password and host; write the characters @ : .* as %40 %3A [^\n]*$/,
    );
    expect(refusal({ flags: { database: "postgres://me:secret@one,two/x" } })).toMatch(
      /^--database: database names several hosts; give the one address /,
    );
    for (const bad of [
      "db/secret",
      "user@secret",
      "password=secret x",
      `postgres://me:secret@db/${"x".repeat(2048)}`,
    ]) {
      expect(refusal({ flags: { database: bad } })).not.toContain("secret");
    }
  });

  it("for an invalid master key, or one on the command line, without showing it", () => {
    const secret = "c2VjcmV0IGJ1dCB0b28gc2hvcnQ";
    expect(refusal({ env: { RINGBACK_MASTER_KEY: secret } })).toBe(
      "RINGBACK_MASTER_KEY: masterKey is not valid; give 32 random bytes in base64, such as the output of `openssl rand -base64 32`; at most 8 values, separated by commas",
    );
    const good = "A".repeat(43);
    expect(refusal({ file: `\nmasterKey: [${good}, ${secret}]` })).toMatch(
      /^ringback\.yaml:2: masterKey is not valid; /,
    );
    // The last character has bits beyond 32 bytes.
    expect(refusal({ file: `masterKey: ${"A".repeat(42)}B` })).toMatch(/masterKey is not valid/);
    expect(refusal({ flags: { masterKey: good } })).toBe(
      "--master-key: masterKey is a secret and has no flag, because every user of this machine could read it; set RINGBACK_MASTER_KEY",
    );
    for (const given of [{ file: `masterKey: ${secret}` }, { flags: { masterKey: secret } }]) {
      expect(refusal(given)).not.toContain(secret);
    }
  });

  it("for an invalid value that is overridden", () => {
    expect(refusal({ flags: { data: "/x" }, file: "data: 7" })).toMatch(/^ringback\.yaml:1: data cannot be 7/);
  });

  it("for a file that cannot be read", () => {
    expect(refusal({ flags: { config: "gone.yaml" } })).toBe(
      '--config: cannot read the file "gone.yaml": no such file or directory',
    );
    expect(refusal({ env: { RINGBACK_CONFIG: "gone.yaml" } })).toMatch(/^RINGBACK_CONFIG: cannot read/);
  });

  it("for a file that is too large", () => {
    expect(refusal({ file: `# ${"x".repeat(8 * 1024 * 1024)}` })).toMatch(
      /^--config: the file "ringback\.yaml" is too large/,
    );
  });

  it.each([
    ["listen: [::1]:8000\n", /^ringback\.yaml:1: not valid YAML at column \d+: .*in quotation marks$/],
    ["data: a\ndata: b\n", /^ringback\.yaml:2: not valid YAML at column 1: the key is given twice$/],
    ["a:\n\t- b\n", /^ringback\.yaml:2: not valid YAML/],
    [
      "a: 1\nb: [12345678901234567890]\n",
      /^ringback\.yaml:2: the number 12345678901234567890 would lose digits; write/,
    ],
    ["just words", /^ringback\.yaml:1: the file contains no settings/],
    ["- listen", /^ringback\.yaml:1: the file contains no settings/],
  ])("for a file that is not a configuration: %j", (file, line) => {
    expect(refusal({ file })).toMatch(line);
  });

  it("for a file whose aliases expand to a huge value", () => {
    const file = `a: &a [1]\nb: [${"*a,".repeat(1001)}]`;
    const sentence = "an alias (*name) has no anchor (&name) before it, or more than 1000 aliases would be expanded";
    expect(refusal({ file })).toBe(`ringback.yaml: ${sentence}`);
    // The text after the asterisk may be a secret.
    expect(refusal({ file: "masterKey: *c2VjcmV0\n" })).toBe(`ringback.yaml: ${sentence}`);
  });
});
