import { hookProtocols as plainHookProtocols } from "@ringback/sdk/protocols";
import type { HookProtocol, Jwk } from "@ringback/sdk/protocols";
import { opencard, opencardKeyFault } from "@ringback/sdk/opencard";

/** Every hook dialect, including those that need a library (`opencard` needs jose). */
export const hookProtocols: readonly HookProtocol[] = [...plainHookProtocols, opencard];

const byName: ReadonlyMap<string, HookProtocol> = new Map(hookProtocols.map((protocol) => [protocol.name, protocol]));

/** Returns null when no dialect has this name. */
export function findHookProtocol(name: string): HookProtocol | null {
  return byName.get(name) ?? null;
}

const keyFaults: ReadonlyMap<string, (jwk: Jwk) => string | null> = new Map([[opencard.name, opencardKeyFault]]);

/** Returns the reason why the dialect cannot use this key, or null if it can. The text quotes nothing of the key. */
export function hookKeyFault(protocol: string, jwk: Jwk): string | null {
  return keyFaults.get(protocol)?.(jwk) ?? null;
}
