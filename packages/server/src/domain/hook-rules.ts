/** From a hook as somebody writes it to the settings that calls go by. */

import { hookLimits } from "@ringback/sdk/hooks";
import type { HookProtocol } from "@ringback/sdk/protocols";
import { assertEndpointUrl } from "./endpoint-url-rule.ts";
import { RingbackError } from "./errors.ts";
import { findHookProtocol, hookProtocols } from "./hook-protocols.ts";
import { assertInteger } from "./integer-rule.ts";
import { assertKid } from "./kid-rule.ts";

export interface HookSettings {
  /** Called in this order. */
  readonly urls: readonly string[];
  readonly protocol: string;
  /** For the whole call, all of its URLs together. */
  readonly timeoutMs: number;
  /** What a URL that cannot be reached, or a reply that cannot be used, means. */
  readonly onError: "continue" | "reject";
  /** Name of the key; null for dialects that take none. */
  readonly key: string | null;
  /** For each reply. */
  readonly replyBytesMax: number;
}

/** Its types have been checked already; its values have not. */
export type HookInput = Pick<HookSettings, "urls"> & Partial<Omit<HookSettings, "urls">>;

const protocolDefault = "koipy";

/** Fills in what was left out. Throws `RingbackError` with the field that is wrong. */
export function normaliseHook(input: HookInput): HookSettings {
  const { urls, protocol = protocolDefault, onError = "continue", key = null } = input;
  const { timeoutMs = hookLimits.timeoutMsDefault, replyBytesMax = hookLimits.replyBytesMaxDefault } = input;
  const { timeoutMsMin, timeoutMsMax, replyBytesMaxMin, replyBytesMaxMax } = hookLimits;
  assertUrls(urls);
  const found = knownProtocol(protocol);
  assertUrlsFit(found, urls);
  assertInteger("invalid_request", "timeoutMs", timeoutMs, timeoutMsMin, timeoutMsMax);
  assertInteger("invalid_request", "replyBytesMax", replyBytesMax, replyBytesMaxMin, replyBytesMaxMax);
  assertKey(found, key);
  return { urls: [...urls], protocol, timeoutMs, onError, key, replyBytesMax };
}

function assertUrls(urls: readonly string[]): void {
  if (urls.length === 0) throw RingbackError.at("invalid_request", "urls", "must hold at least one URL");
  if (urls.length > hookLimits.urlsMax) {
    throw RingbackError.at("invalid_request", "urls", `must hold at most ${hookLimits.urlsMax} URLs`);
  }
  for (const [index, url] of urls.entries()) assertEndpointUrl(`urls[${index}]`, url);
}

/** Where a reply is no payload with something merged into it, there is nothing to ask a second URL with. */
function assertUrlsFit({ name, merges }: HookProtocol, urls: readonly string[]): void {
  if (!merges && urls.length > 1) {
    throw RingbackError.at("invalid_request", "urls", `must hold one URL with protocol "${name}"`);
  }
}

function knownProtocol(name: string): HookProtocol {
  const protocol = findHookProtocol(name);
  if (protocol !== null) return protocol;
  const known = hookProtocols.map((protocol) => protocol.name).join(", ");
  const shown = JSON.stringify(name.slice(0, 64));
  throw RingbackError.at(
    "unknown_protocol",
    "protocol",
    `there is no hook protocol ${shown}; it must be one of ${known}`,
  );
}

function assertKey(protocol: HookProtocol, key: string | null): void {
  if (protocol.keys === "none" && key !== null) {
    throw RingbackError.at("invalid_request", "key", `protocol "${protocol.name}" takes no key`);
  }
  if (protocol.keys === "required" && key === null) {
    throw RingbackError.at("invalid_request", "key", `protocol "${protocol.name}" needs the name of a key`);
  }
  if (key !== null) assertKid("key", key);
}
