import type { Command } from "commander";
import type { Logger } from "pino";
import { loadConfig, type Config, type Flags } from "../config/config.ts";
import { flagKeys, flagName, settings } from "../config/settings.ts";
import { version } from "../config/version.ts";
import { createLog } from "../ops/log.ts";
import { parseAddress } from "../store/postgres-address.ts";
import { CommandError } from "./command-error.ts";
import { exitAtNextSignal, stopSignal, type CommandContext } from "./context.ts";
import { createPaint } from "./paint.ts";

/** The function that server.ts exports. */
export type StartServer = (config: Config, deps: { log: Logger }) => Promise<StartedServer>;

interface StartedServer {
  readonly url: string;
  readonly opsUrl?: string | null;
  readonly publicUrl?: string | null;
  close(): Promise<void>;
}

/** The server stops within about `shutdownGraceMs`. After this additional time the process ends anyway. */
const closeMarginMs = 5_000;

const example = `
Examples:
  $ ringback serve
  $ ringback serve --listen 127.0.0.1:9000 --data /var/lib/ringback
  $ ringback serve --config ringback.yaml

Every setting is also an environment variable (RINGBACK_LISTEN, RINGBACK_DATA, …) and a key of the file.
SIGTERM or Ctrl-C stops the server after the running requests and POSTs; a second one ends the process at once.
`;

export function addServeCommand(program: Command, context: CommandContext, load: () => Promise<StartServer>): void {
  const command = program
    .command("serve")
    .summary("run the server")
    .description("Runs the server until it is stopped.")
    .option("--config <file>", "a YAML file with settings and resources, such as topics and subscriptions")
    .option("--json", "write the log as JSON, even to a terminal")
    .addHelpText("after", example);
  for (const key of flagKeys) addSettingOption(command, key);
  command.action(async ({ json, ...flags }: Flags) => serve(flags, json === true, context, load));
}

function addSettingOption(command: Command, key: (typeof flagKeys)[number]): void {
  const { about, expected, defaultText } = settings[key];
  const sentence = `${/^.*?\.(?= |$)/.exec(about)?.[0] ?? about} (default: ${defaultText})`.replaceAll("`", "");
  if (key === "allowPrivateNetworks") {
    command.option(flagName(key), sentence).option(flagName(key).replace("--", "--no-"), "set it to false");
  } else {
    command.option(`${flagName(key)} <${expected.startsWith("a whole number") ? "count" : "value"}>`, sentence);
  }
}

export async function serve(
  flags: Flags,
  json: boolean,
  context: CommandContext,
  load: () => Promise<StartServer>,
): Promise<void> {
  const { env, stdout } = context;
  const readFile = (path: string) => new TextDecoder().decode(context.readFile(path));
  const config = loadConfig({ flags, env, readFile });
  const isReadable = stdout.isTTY === true && !json;
  const paint = createPaint(context, stdout);
  const destination = context.logTo === undefined ? {} : { destination: context.logTo };
  const log = createLog({ level: config.logLevel, pretty: isReadable, ...destination });

  const stop = watchStopSignals(context);
  const startServer = await load();
  const server = await startServer(config, { log }).catch((error: unknown) => {
    throw startFailure(error, config);
  });
  const data = dataLocation(config);
  const { url, opsUrl = null, publicUrl = null } = server;
  const others = { ...(opsUrl === null ? {} : { opsUrl }), ...(publicUrl === null ? {} : { publicUrl }) };
  log.info({ url, ...others, data, version }, "listening");
  if (isReadable) {
    stdout.write(`Ringback ${version} listens on ${paint("bold", url)} and keeps its data in ${data}.\n`);
    if (publicUrl !== null) stdout.write(`Inboxes and public keys alone are at ${publicUrl}.\n`);
    if (opsUrl !== null) stdout.write(`Metrics and health alone are at ${opsUrl}.\n`);
    const next = `${commandOf(env["npm_command"])} receive`;
    stdout.write(`Next: run \`${next}\` in another terminal and follow the README. Ctrl-C stops the server.\n`);
  }
  await stop;
  log.info({ graceMs: config.shutdownGraceMs }, "stopping");
  await closeInTime(server, config.shutdownGraceMs + closeMarginMs);
  log.info("stopped");
}

/** Returns the command as the user started it. `npmCommand`: the command of npm that runs this process, if any. */
function commandOf(npmCommand: string | undefined): string {
  if (npmCommand === "exec") return "npx ringback";
  return npmCommand === undefined ? "ringback" : "npm run ringback --";
}

/** Returns the data folder, or the address of the database without user and password. */
function dataLocation({ database, data }: Config): string {
  if (database === "sqlite") return data;
  const { host, database: name } = parseAddress(database);
  return `postgres://${host}/${name ?? ""}`;
}

/** Resolves at the first stop signal. A second signal ends the process at once. */
async function watchStopSignals(context: CommandContext): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  stopSignal(context).addEventListener("abort", () => {
    exitAtNextSignal(context);
    resolve();
  });
  return promise;
}

async function closeInTime(server: { close(): Promise<void> }, limitMs: number): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new CommandError(`the server did not stop within ${limitMs} ms`)), limitMs);
  try {
    await Promise.race([server.close(), late]);
  } finally {
    clearTimeout(timer);
  }
}

function startFailure(error: unknown, config: Config): unknown {
  if (!(error instanceof Error) || !("code" in error)) return error;
  const isOfListening = "syscall" in error && error.syscall === "listen";
  const key = isOfListening ? failedAddress(error, config) : "listen";
  const { host, port } = config[key] ?? config.listen;
  const advice = listenAdvice(`${host}:${port}`, flagName(key), String(error.code), isOfListening);
  return advice === null ? error : new CommandError(advice, { cause: error });
}

/** Returns the setting of the address that could not be listened on. */
function failedAddress(error: object, config: Config) {
  const keys = ["listen", "opsListen", "publicListen"] as const;
  const isFailed = (key: (typeof keys)[number]) =>
    "address" in error && error.address === config[key]?.host && "port" in error && error.port === config[key]?.port;
  return keys.find(isFailed) ?? "listen";
}

function listenAdvice(at: string, flag: string, code: string, isOfListening: boolean): string | null {
  if (code === "EADDRINUSE") return `${at} is in use already; stop what listens there, or give ${flag} another address`;
  if (code === "EACCES" && isOfListening) return `this user may not listen on ${at}; give ${flag} a port above 1023`;
  if (code !== "EADDRNOTAVAIL" && code !== "ENOTFOUND") return null;
  return `${at} is not an address of this machine; give ${flag} one of its addresses`;
}
