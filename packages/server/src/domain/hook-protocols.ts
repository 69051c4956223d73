import { hookProtocols as plainHookProtocols } from "@ringback/sdk/protocols";
import type { HookProtocol, Jwk } from "@ringback/sdk/protocols";
import { opencard, opencardKeyFault } from "@ringback/sdk/opencard";

/** Every hook dialect, with those that need a library. */
export const hookProtocols: readonly HookProtocol[] = [...plainHookProtocols, opencard];

const byName: ReadonlyMap<string, HookProtocol> = new Map(hookProtocols.map((protocol) => [protocol.name, protocol]));

/** null when no dialect has this name. */
export function findHookProtocol(name: string): HookProtocol | null {
  return byName.get(name) ?? null;
}

const keyFaults: ReadonlyMap<string, (jwk: Jwk) => string | null> = new Map([[opencard.name, opencardKeyFault]]);

/** What makes this key unfit for the dialect, in words that hold nothing of it; null when it fits. */
export function hookKeyFault(protocol: string, jwk: Jwk): string | null {
  return keyFaults.get(protocol)?.(jwk) ?? null;
}
