import type { HookProtocol } from "./hook-protocol.ts";
import { jsonHook } from "./json-hook.ts";
import { koipy } from "./koipy.ts";

/**
 * Every hook dialect that needs no library; a new one is one more entry. Opencard is not here: it needs `jose`, which
 * only those who use it should have to load.
 */
export const hookProtocols = [koipy, jsonHook] as const satisfies readonly HookProtocol[];

export type HookProtocolName = (typeof hookProtocols)[number]["name"];

const byName: ReadonlyMap<string, HookProtocol> = new Map(hookProtocols.map((protocol) => [protocol.name, protocol]));

/** null when no dialect has this name. */
export function findHookProtocol(name: string): HookProtocol | null {
  return byName.get(name) ?? null;
}
