import type { HookProtocol } from "./hook-protocol.ts";
import { jsonHook } from "./json-hook.ts";
import { koipy } from "./koipy.ts";

/**
 * All hook dialects that need no library. Opencard is not included because it needs `jose`, which only programs that
 * use Opencard should load.
 */
export const hookProtocols = [koipy, jsonHook] as const satisfies readonly HookProtocol[];

export type HookProtocolName = (typeof hookProtocols)[number]["name"];

/** Returns null when no dialect has this name. */
export function findHookProtocol(name: string): HookProtocol | null {
  return hookProtocols.find((protocol) => protocol.name === name) ?? null;
}
