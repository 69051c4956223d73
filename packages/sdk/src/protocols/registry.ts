import { cmqJson, cmqSimplified } from "./cmq.ts";
import type { PushProtocol } from "./protocol.ts";
import { raw } from "./raw.ts";

/** Every push dialect there is; a new one is one more entry. */
export const pushProtocols = [raw, cmqJson, cmqSimplified] as const satisfies readonly PushProtocol[];

export type PushProtocolName = (typeof pushProtocols)[number]["name"];

const byName: ReadonlyMap<string, PushProtocol> = new Map(pushProtocols.map((protocol) => [protocol.name, protocol]));

/** null when no dialect has this name. */
export function findPushProtocol(name: string): PushProtocol | null {
  return byName.get(name) ?? null;
}
