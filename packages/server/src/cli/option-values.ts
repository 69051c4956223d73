import { standardWebhooksKey, type ProtocolKey } from "@ringback/sdk/protocols";
import { hostname } from "node:os";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { TArray } from "typebox";
import type { CallerRules } from "../http/caller-rules.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import { serverUrlDefault } from "../config/server-url.ts";
import { durationUnits } from "../config/units.ts";
import { hosts, origins, type SettingKind } from "../config/setting-kinds.ts";
import { matchesShape } from "../shapes/shape-check.ts";
import { formatListenAddress, listenForms, parseListenAddress, type ListenAddress } from "../config/listen-address.ts";

export function durationOption(text: string): number {
  const valueMs = durationUnits.parse(text);
  // setTimeout cannot wait longer than 2^31 - 1 ms.
  if (valueMs === null || valueMs > 2 ** 31 - 1) throw new InvalidArgumentError(`Give ${durationUnits.forms}.`);
  return valueMs;
}

export function urlOption(): Option {
  return new Option("--url <url>", `the server's URL (default: RINGBACK_URL, or ${serverUrlDefault})`);
}

/** Needs an API key that is valid for all accounts. */
export function accountOption(): Option {
  return new Option("--account <name>", "the account, for an operator (default: the account of the API key)");
}

/** The options that say which server a command asks, and as whom. */
export function serverOptions(): readonly Option[] {
  return [urlOption(), accountOption(), profileOption()];
}

export function profileOption(): Option {
  return new Option("--profile <name>", "a server of `ringback profile list` (default: RINGBACK_PROFILE)");
}

/** Creates the option `--listen`, an address and a port. */
export function listenOption(about: string, byDefault: ListenAddress): Option {
  return new Option("--listen <host:port>", about)
    .default(byDefault, formatListenAddress(byDefault))
    .argParser((text) => {
      const address = parseListenAddress(text);
      if (address === null) throw new InvalidArgumentError(`Give ${listenForms}.`);
      return address;
    });
}

/** Adds the options that say which hosts and web pages may send requests to the server of a command. */
export function addCallerOptions(command: Command): Command {
  return command
    .option("--allowed-hosts <names>", "further names of this machine in the Host header", listOption(hosts(1024)), [])
    .option("--allowed-origins <origins>", "web pages that may send requests", listOption(origins(1024)), []);
}

/** The values of `addCallerOptions`. */
export type CallerOptions = Pick<CallerRules, "allowedHosts" | "allowedOrigins">;

export function callerRulesOf({ allowedHosts, allowedOrigins }: CallerOptions, { host }: ListenAddress): CallerRules {
  return { allowedHosts, allowedOrigins, listenHost: host, machineName: hostname() };
}

function listOption({ schema, expected, read }: SettingKind<TArray>): (text: string) => unknown {
  return (text) => {
    const values = read?.(text);
    if (!matchesShape(schema, values)) throw new InvalidArgumentError(`Give ${expected}.`);
    return values;
  };
}

export function statusOption(text: string): number {
  const status = /^\d{3}$/.test(text) ? Number(text) : 0;
  if (status < 200 || status > 599) throw new InvalidArgumentError("Give an HTTP status from 200 to 599.");
  return status;
}

export function countOption(text: string): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : -1;
  if (count < 0) throw new InvalidArgumentError("Give a whole number, 0 or more.");
  return count;
}

export function durationFrom1Option(text: string): number {
  const valueMs = durationOption(text);
  if (valueMs === 0) throw new InvalidArgumentError("Give more than 0.");
  return valueMs;
}

export function countFrom1Option(max: number): (text: string) => number {
  return (text) => {
    const count = /^\d{1,9}$/.test(text) ? Number(text) : 0;
    if (count < 1 || count > max) throw new InvalidArgumentError(`Give a whole number from 1 to ${max}.`);
    return count;
  };
}

/** Parses a URL path and normalises it to the form of a request. The characters of the text may be escaped or not. */
export function pathOption(text: string): string {
  const path = text.startsWith("/") && !text.startsWith("//") ? URL.parse(text, "http://path") : null;
  if (path === null || path.search !== "" || path.hash !== "") {
    throw new InvalidArgumentError("Give a path such as /weixinCallback, without a query.");
  }
  return path.pathname;
}

/** Parses one `--secret whsec_…` and adds the key to the previous ones. */
export function secretOption(text: string, previous: readonly ProtocolKey[]): readonly ProtocolKey[] {
  try {
    return [...previous, standardWebhooksKey(String(previous.length), text)];
  } catch {
    // An InvalidArgumentError would show the secret.
    throw new CommandError("--secret: give a key of the form whsec_… or whpk_…", { exitCode: exitCodes.misused });
  }
}

/** Collects the values of an option that may be given several times. */
export function collectOption(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}

/** Parses one `--attribute key=value` and adds the attribute to the previous ones. */
export function attributeOption(
  text: string,
  previous: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("Give key=value.");
  return { ...previous, [text.slice(0, at)]: text.slice(at + 1) };
}
