/** The decoded request to a card. */

import { isJsonObject, type JsonObject } from "../protocols/json-object.ts";

export interface CardLocation {
  readonly province: string | null;
  readonly city: string | null;
}

export interface CardRequest {
  /** The id of the card. */
  readonly srcid: string;
  /** `sp_ala` in Baidu's documentation. */
  readonly type: string | null;
  /** `mobile`: links must be paths inside the mini program. `web_h5`: links must be URLs of web pages. */
  readonly surface: string | null;
  /** The card's own parameters; empty when there are none. The sender chooses the member names. */
  readonly intent: Readonly<Record<string, unknown>>;
  /** Only sent for cards that are configured to receive it. */
  readonly location: CardLocation | null;
  /** All members of the request, including those above. */
  readonly payload: Readonly<Record<string, unknown>>;
  /** The kid of the key that encrypted the call. */
  readonly kid: string;
  /** The sender's id of this call, which both ends can log. */
  readonly rid: string;
  /** Aborted when the handler exceeds its time limit. */
  readonly signal: AbortSignal;
}

/** Returns the request, or the name of a member that does not have the documented type. */
export function cardRequestOf(
  payload: JsonObject,
  call: Pick<CardRequest, "srcid" | "kid" | "rid" | "signal">,
): CardRequest | "type" | "surface" | "intent" | "location" {
  const type = textOrNull(payload["type"]);
  if (type === undefined) return "type";
  const surface = textOrNull(payload["surface"]);
  if (surface === undefined) return "surface";
  const intent = payload["intent"] ?? {};
  if (!isJsonObject(intent)) return "intent";
  const location = locationOf(payload["location"] ?? null);
  if (location === undefined) return "location";
  return { ...call, type, surface, intent, location, payload };
}

function locationOf(value: unknown): CardLocation | null | undefined {
  if (value === null) return null;
  if (!isJsonObject(value)) return undefined;
  const province = textOrNull(value["province"]);
  const city = textOrNull(value["city"]);
  return province === undefined || city === undefined ? undefined : { province, city };
}

/** Returns undefined for any other value. */
function textOrNull(value: unknown): string | null | undefined {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? null : undefined;
}
