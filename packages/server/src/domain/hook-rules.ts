/** Rules that compare several settings of a hook with each other. */

import type { HookProtocol } from "@ringback/sdk/protocols";
import { assertEndpointAccess } from "./endpoint-access-rules.ts";
import { assertEndpointUrl } from "./endpoint-url-rule.ts";
import { RingbackError } from "./errors.ts";
import { findHookProtocol, hookProtocols } from "./hook-protocols.ts";
import { assertKid } from "./kid-rule.ts";
import type { EndpointAccess } from "./endpoint-access.ts";
import { unknownProtocol } from "./unknown-protocol.ts";

export interface HookSettings extends Pick<EndpointAccess, "auth" | "tls"> {
  /** The URLs are called one after the other, in this order. */
  readonly urls: readonly string[];
  readonly protocol: string;
  /** Time limit of one call of the hook, for all URLs together. */
  readonly timeoutMs: number;
  /** The outcome when a URL cannot be reached or its reply cannot be used. */
  readonly onError: "continue" | "reject";
  /** Name of the key; null for protocols that use no key. */
  readonly key: string | null;
  /** Size limit of each reply. */
  readonly replyBytesMax: number;
}

/** Throws `RingbackError` with the field that is wrong. */
export function assertHook({ urls, protocol, key, ...access }: HookSettings): void {
  for (const [index, url] of urls.entries()) assertEndpointUrl(`urls[${index}]`, url);
  const found = findHookProtocol(protocol) ?? unknownProtocol("protocol", "hook protocol", protocol, hookProtocols);
  if (!found.merges && urls.length > 1) {
    throw RingbackError.at("invalid_request", "urls", `must hold one URL with protocol "${found.name}"`);
  }
  assertEndpointAccess({ ...access, prefix: "", urls });
  assertKey(found, key);
}

/** A second URL receives the payload merged with the first reply, so it needs a protocol that merges replies. */
function assertKey(protocol: HookProtocol, key: string | null): void {
  if (protocol.keys === "none" && key !== null) {
    throw RingbackError.at("invalid_request", "key", `protocol "${protocol.name}" takes no key`);
  }
  if (protocol.keys === "required" && key === null) {
    throw RingbackError.at("invalid_request", "key", `protocol "${protocol.name}" needs the name of a key`);
  }
  if (key !== null) assertKid("key", key);
}
