import type { PushProtocol } from "@ringback/sdk/protocols";
import { RingbackError } from "./errors.ts";
import { limits } from "./limits.ts";
import type { SealedText } from "./endpoint-access.ts";
import { assertCount } from "./number-rules.ts";

/** A token of RFC 9110 section 5.6.2. */
export const headerNameForm = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;
/**
 * ASCII only, as RFC 9110 section 5.5 requires of new fields. Spaces at the ends are refused, because HTTP removes
 * them.
 */
export const headerValueForm = /^(?:[!-~](?:[ -~]*[!-~])?)?$/;
const VALUE_FAULT = "must contain only printable ASCII characters, without spaces at its ends";

/**
 * Headers that delimit the request, concern one connection, or request a kind of response that the transport does not
 * support.
 */
const transportHeaders = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
/** Headers that every dialect may set. A second header of the same name would make the request ambiguous. */
const sharedHeaders = ["content-type", "user-agent", "traceparent", "tracestate", "ringback-"] as const;

/** Checks a subscription's own headers, which are sent with each of its pushes in this dialect. */
export function assertPushHeaders(
  field: string,
  headers: Readonly<Record<string, string | SealedText>>,
  { ownHeaders = [] }: Pick<PushProtocol, "ownHeaders">,
): void {
  const reserved = [...sharedHeaders, ...ownHeaders];
  const entries = Object.entries(headers);
  assertCount("invalid_request", field, entries.length, limits.pushHeadersMax, "headers");
  const seen = new Set<string>();
  let bytes = 0;
  for (const [name, value] of entries) {
    assertPushHeader(field, name, value, { seen, reserved });
    seen.add(name.toLowerCase());
    bytes += name.length + (typeof value === "string" ? value.length : value.bytes);
  }
  if (bytes > limits.pushHeaderBytesMax) {
    const fault = `have ${bytes} bytes, names and values together; at most ${limits.pushHeaderBytesMax} are allowed`;
    throw RingbackError.at("invalid_request", field, fault);
  }
}

interface Taken {
  /** Lower-case names that come earlier in the same settings. */
  readonly seen: ReadonlySet<string>;
  /** As in `PushProtocol.ownHeaders`. */
  readonly reserved: readonly string[];
}

function assertPushHeader(field: string, name: string, value: string | SealedText, taken: Taken): void {
  if (!headerNameForm.test(name)) {
    const shown = JSON.stringify(name.slice(0, 64));
    const fault = `the name ${shown} is not allowed: it must contain only letters, digits and !#$%&'*+-.^_\`|~`;
    throw RingbackError.at("invalid_request", field, fault);
  }
  // A sealed value was checked before it was sealed.
  const isValueFit = typeof value !== "string" || headerValueForm.test(value);
  const fault = nameFault(name.toLowerCase(), taken) ?? (isValueFit ? null : VALUE_FAULT);
  if (fault !== null) throw RingbackError.at("invalid_request", `${field}.${name.slice(0, 64)}`, fault);
}

function nameFault(name: string, { seen, reserved }: Taken): string | null {
  if (transportHeaders.has(name) || name.startsWith("proxy-")) return "is set by the transport and cannot be chosen";
  if (reserved.some((own) => (own.endsWith("-") ? name.startsWith(own) : name === own))) {
    return "is set by the protocol and cannot be chosen";
  }
  if (seen.has(name)) return "is given twice; header names that differ only in case are the same";
  return null;
}
