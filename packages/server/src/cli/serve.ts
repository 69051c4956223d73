import type { Command } from "commander";
import type { Logger } from "pino";
import { loadConfig } from "../config/config.ts";
import type { Config, Flags } from "../config/config.ts";
import { isLoopbackHost } from "../config/listen-address.ts";
import { flagKeys, flagName, settings } from "../config/settings.ts";
import { readVersion } from "../config/version.ts";
import { createLog } from "../ops/log.ts";
import { CommandError } from "./command-error.ts";
import type { CommandContext } from "./context.ts";
import { createPaint } from "./paint.ts";

/** What server.ts gives. */
export type StartServer = (config: Config, deps: { log: Logger }) => Promise<{ url: string; close(): Promise<void> }>;

/** The server bounds its own stop by `shutdownGraceMs`; this much later the process ends without it. */
const closeMarginMs = 5_000;

/** One Ctrl-C reaches a program that npm runs twice, from the terminal and from npm; no person is as fast. */
const sameSignalMsMax = 300;

const example = `
Examples:
  $ ringback serve
  $ ringback serve --listen 127.0.0.1:9000 --data /var/lib/ringback
  $ ringback serve --config ringback.yaml

Every setting is also an environment variable (RINGBACK_LISTEN, RINGBACK_DATA, …) and a key of the file.
SIGTERM or Ctrl-C finishes what is under way; a second one ends the process at once.
`;

export function addServeCommand(program: Command, context: CommandContext, load: () => Promise<StartServer>): void {
  const command = program
    .command("serve")
    .summary("run the server")
    .description("Runs the server until it is stopped.")
    .option("--config <file>", "a YAML file with settings, and what the API can create")
    .option("--json", "log JSON lines at a terminal too")
    .addHelpText("after", example);
  for (const key of flagKeys) addSettingOption(command, key);
  command.action(async ({ json, ...flags }: Flags) => serve(flags, json === true, context, load));
}

function addSettingOption(command: Command, key: (typeof flagKeys)[number]): void {
  const { about, expected, defaultText } = settings[key];
  const sentence = `${/^.*?\.(?= |$)/.exec(about)?.[0] ?? about} (default: ${defaultText})`.replaceAll("`", "");
  if (key === "allowPrivateNetworks") {
    command.option(flagName(key), sentence).option(flagName(key).replace("--", "--no-"), "the opposite");
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
  const forPeople = stdout.isTTY === true && !json;
  const paint = createPaint(context, stdout);
  const destination = context.logTo === undefined ? {} : { destination: context.logTo };
  const log = createLog({ level: config.logLevel, pretty: forPeople, ...destination });

  const stop = watchStopSignals(context);
  const startServer = await load();
  const server = await startServer(config, { log }).catch((error: unknown) => {
    throw startFailure(error, config);
  });
  const place = placeOfData(config);
  log.info({ url: server.url, data: place, version: readVersion() }, "listening");
  if (!isLoopbackHost(config.listen.host)) {
    log.warn("there is no authentication yet: whoever can reach this address can publish and subscribe");
  }
  if (forPeople) {
    stdout.write(`Ringback ${readVersion()} is at ${paint("bold", server.url)} and keeps its data in ${place}.\n`);
    stdout.write(
      "Next: run `npm run ringback -- receive` in another terminal and follow the README. Ctrl-C stops the server.\n",
    );
  }
  await stop;
  log.info({ graceMs: config.shutdownGraceMs }, "stopping");
  await closeInTime(server, config.shutdownGraceMs + closeMarginMs);
  log.info("stopped");
}

/** Without user and password. */
function placeOfData({ database, data }: Config): string {
  if (database === "sqlite") return data;
  const { protocol, host, pathname } = new URL(database);
  return `${protocol}//${host}${pathname}`;
}

/** Resolves at the first signal; a second one ends the process. */
async function watchStopSignals(context: CommandContext): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let firstAtMs: number | null = null;
  context.onStopSignal(() => {
    const nowMs = context.clock.now();
    firstAtMs ??= nowMs;
    if (nowMs - firstAtMs > sameSignalMsMax) context.exit(1);
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

function startFailure(error: unknown, { listen }: Config): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const at = `${listen.host}:${listen.port}`;
  if (code === "EADDRINUSE") {
    return new CommandError(`${at} is in use already; stop what listens there, or give --listen another address`, {
      cause: error,
    });
  }
  if (code === "EACCES" && error instanceof Error && "syscall" in error && error.syscall === "listen") {
    return new CommandError(`${at} needs more rights than this user has; give --listen a port above 1023`, {
      cause: error,
    });
  }
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND") {
    return new CommandError(`${at} is no address of this machine; give --listen one that is`, { cause: error });
  }
  return error;
}
