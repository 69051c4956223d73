/** The settings of a hook as a program writes them, and their checks. */

import type { HookProtocol } from "../protocols/hook-protocol.ts";
import { findHookProtocol, type HookProtocolName, hookProtocols } from "../protocols/hook-registry.ts";
import type { Jwk, ProtocolKey } from "../protocols/key.ts";
import { koipy } from "../protocols/koipy.ts";
import { hookLimits } from "./hook-limits.ts";
import type { HookDefinition } from "./run-hook.ts";

export interface HookSettings {
  /**
   * 1 to 16 http or https URLs, called in this order. Each URL receives the payload, merged with the data of the
   * earlier replies. Opencard: exactly one URL.
   */
  readonly urls: readonly string[];
  /** The name of a dialect, or a dialect object. Default: koipy. */
  readonly protocol?: HookProtocolName | HookProtocol;
  /** Time limit of the whole call in milliseconds, 100 to 60,000. Default: 5,000. */
  readonly timeoutMs?: number;
  /** Whether the call continues or is rejected when a URL fails. Default: continue. */
  readonly onError?: "continue" | "reject";
  /** The key for a dialect that signs or encrypts. */
  readonly key?: ProtocolKey | null;
  /** Size limit of each reply in bytes, 1 KiB to 64 MiB. Default: 8 MiB. */
  readonly replyBytesMax?: number;
}

const settingNames = new Set(["urls", "protocol", "timeoutMs", "onError", "key", "replyBytesMax"]);
const onErrorValues = new Set<unknown>([undefined, "continue", "reject"]);

/**
 * A hook definition is invalid, or a hook with an unknown name was called. Both errors are mistakes in the program. The
 * message names the hook and the setting but contains no value, because URLs and keys are secrets.
 */
export class HookDefinitionError extends TypeError {
  override readonly name = "HookDefinitionError";
  readonly code: "invalid_hook" | "unknown_hook";
  readonly hook: string;

  constructor(code: HookDefinitionError["code"], hook: string, message: string) {
    super(message);
    this.code = code;
    this.hook = hook;
  }
}

/**
 * Checks the settings and fills in the defaults. A string is the URL of a koipy hook. Throws {@link
 * HookDefinitionError} with the code `invalid_hook`.
 */
export function hookDefinition(hook: string, settings: string | HookSettings): HookDefinition {
  const wrong = (problem: string): HookDefinitionError =>
    new HookDefinitionError("invalid_hook", hook, `hook ${JSON.stringify(hook)}: ${problem}`);
  if (hook === "" || hook.length > hookLimits.nameCharsMax) {
    throw wrong(`a name has 1 to ${hookLimits.nameCharsMax} characters`);
  }
  const given = typeof settings === "string" ? { urls: [settings] } : settings;
  if (!isObject(given)) throw wrong("must be a URL, or an object with urls");
  for (const name of Object.keys(given)) {
    if (!settingNames.has(name)) {
      throw wrong(`${name} is not a setting of a hook; the settings are ${[...settingNames].join(", ")}`);
    }
  }
  const problem =
    urlsFault(given.urls) ??
    numberFault("timeoutMs", given.timeoutMs, hookLimits.timeoutMsMin, hookLimits.timeoutMsMax) ??
    numberFault("replyBytesMax", given.replyBytesMax, hookLimits.replyBytesMaxMin, hookLimits.replyBytesMaxMax) ??
    (onErrorValues.has(given.onError) ? null : 'onError must be "continue" or "reject"');
  if (problem !== null) throw wrong(problem);
  const protocol = protocolOf(given.protocol);
  if (protocol === null) {
    throw wrong(`protocol must be one of ${hookProtocols.map(({ name }) => name).join(", ")}, or a dialect object`);
  }
  if (!protocol.merges && given.urls.length > 1) {
    throw wrong(`urls must be one URL with the protocol ${protocol.name}, which does not merge replies`);
  }
  const key = given.key ?? null;
  const mismatch = keyFault(key, protocol);
  if (mismatch !== null) throw wrong(mismatch);
  return {
    urls: [...given.urls],
    protocol,
    timeoutMs: given.timeoutMs ?? hookLimits.timeoutMsDefault,
    onError: given.onError ?? "continue",
    key,
    replyBytesMax: given.replyBytesMax ?? hookLimits.replyBytesMaxDefault,
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function urlsFault(urls: unknown): string | null {
  if (!Array.isArray(urls) || urls.length === 0 || urls.length > hookLimits.urlsMax) {
    return `urls must be a list of 1 to ${hookLimits.urlsMax} URLs`;
  }
  for (const [at, url] of urls.entries()) {
    const fault = urlFault(url);
    if (fault !== null) return `urls[${at}] ${fault}`;
  }
  return null;
}

/** Describes why `fetch` would refuse the URL, or silently change it. Returns null for a usable URL. */
function urlFault(url: unknown): string | null {
  if (typeof url !== "string" || !/^https?:\/\//i.test(url) || !URL.canParse(url)) return "is not an http or https URL";
  if (url.length > hookLimits.urlCharsMax) return `has more than ${hookLimits.urlCharsMax} characters`;
  if (/[\p{Cc}\s\\]/u.test(url)) return "contains white space, control characters or backslashes";
  const { username, password } = new URL(url);
  if (username !== "" || password !== "") return "contains a user name or password, which fetch does not send";
  return url.includes("#") ? "has a fragment (the part from # on), which would never be sent" : null;
}

function numberFault(name: string, value: unknown, min: number, max: number): string | null {
  const fits = value === undefined || (Number.isInteger(value) && (value as number) >= min && (value as number) <= max);
  return fits ? null : `${name} must be a whole number from ${min} to ${max}`;
}

function protocolOf(protocol: unknown): HookProtocol | null {
  if (protocol === undefined) return koipy;
  if (typeof protocol === "string") return findHookProtocol(protocol);
  const isDialect =
    isObject(protocol) && typeof protocol["encode"] === "function" && typeof protocol["interpret"] === "function";
  return isDialect ? (protocol as unknown as HookProtocol) : null;
}

function keyFault(key: unknown, { name, keys, keyFault: faultOf }: HookProtocol): string | null {
  if (keys === "none") return key === null ? null : `the protocol ${name} takes no key`;
  if (key === null) return `the protocol ${name} needs a key`;
  if (!isObject(key) || typeof key["kid"] !== "string" || !isObject(key["jwk"])) return "key must be {kid, jwk}";
  const fault = faultOf?.(key["jwk"] as Jwk) ?? null;
  return fault === null ? null : `key is unfit for the protocol ${name}: ${fault}`;
}
