/** The question that a card is asked, taken apart. */

import type { JsonObject } from "../protocols/json-object.ts";
import { isJsonObject } from "../protocols/json-object.ts";

export interface CardLocation {
  readonly province: string | null;
  readonly city: string | null;
}

export interface CardRequest {
  /** Which card is asked. */
  readonly srcid: string;
  /** `sp_ala` in the document. */
  readonly type: string | null;
  /** `mobile`: answer with paths inside the mini program; `web_h5`: answer with addresses of web pages. */
  readonly surface: string | null;
  /** The card's own parameters; empty when there are none. Its member names are the sender's. */
  readonly intent: Readonly<Record<string, unknown>>;
  /** Only for cards that asked for it. */
  readonly location: CardLocation | null;
  /** All that was sent, the members above included. */
  readonly payload: Readonly<Record<string, unknown>>;
  /** The key that the call came under. */
  readonly kid: string;
  /** The sender's id of this call, to find it in both ends' logs. */
  readonly rid: string;
  /** Aborted when the handler's time is over. */
  readonly signal: AbortSignal;
}

export interface CardCircumstances {
  readonly srcid: string;
  readonly kid: string;
  readonly rid: string;
  readonly signal: AbortSignal;
}

/** The request, or the name of the member that is not what the document says. */
export function cardRequestOf(
  payload: JsonObject,
  circumstances: CardCircumstances,
): CardRequest | "type" | "surface" | "intent" | "location" {
  const type = textOrNull(payload["type"]);
  if (type === undefined) return "type";
  const surface = textOrNull(payload["surface"]);
  if (surface === undefined) return "surface";
  const intent = payload["intent"] ?? {};
  if (!isJsonObject(intent)) return "intent";
  const location = locationOf(payload["location"] ?? null);
  if (location === undefined) return "location";
  return { ...circumstances, type, surface, intent, location, payload };
}

function locationOf(value: unknown): CardLocation | null | undefined {
  if (value === null) return null;
  if (!isJsonObject(value)) return undefined;
  const province = textOrNull(value["province"]);
  const city = textOrNull(value["city"]);
  return province === undefined || city === undefined ? undefined : { province, city };
}

/** undefined for what is neither. */
function textOrNull(value: unknown): string | null | undefined {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? null : undefined;
}
