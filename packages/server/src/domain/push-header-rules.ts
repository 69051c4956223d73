import { RingbackError } from "./errors.ts";
import { limits } from "./limits.ts";

/** RFC 9110 section 5.6.2. */
const nameForm = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;
/** RFC 9110 section 5.5 asks new fields to keep to ASCII; a space at an end would be lost on the way. */
const valueForm = /^(?:[!-~](?:[ -~]*[!-~])?)?$/;
const VALUE_FAULT = "must hold only printable ASCII characters, without spaces at its ends";

/** What frames the request, belongs to one connection, or would ask for an answer that the transport does not expect. */
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
/** What the dialects write themselves; a second one beside it would make the push ambiguous. */
const protocolHeaders = new Set(["content-type", "user-agent"]);
const protocolHeaderPrefix = /^(?:ringback|x-cmq)-/;

/** The subscription's own headers, sent with each of its pushes. */
export function assertPushHeaders(field: string, headers: Readonly<Record<string, string>>): void {
  const entries = Object.entries(headers);
  if (entries.length > limits.pushHeadersMax) {
    const fault = `holds ${entries.length} headers; at most ${limits.pushHeadersMax} are allowed`;
    throw RingbackError.at("invalid_request", field, fault);
  }
  const seen = new Set<string>();
  let bytes = 0;
  for (const [name, value] of entries) {
    assertPushHeader(field, name, value, seen);
    seen.add(name.toLowerCase());
    bytes += name.length + value.length;
  }
  if (bytes > limits.pushHeaderBytesMax) {
    const fault = `have ${bytes} bytes, names and values together; at most ${limits.pushHeaderBytesMax} are allowed`;
    throw RingbackError.at("invalid_request", field, fault);
  }
}

function assertPushHeader(field: string, name: string, value: string, seen: ReadonlySet<string>): void {
  if (!nameForm.test(name)) {
    const shown = JSON.stringify(name.slice(0, 64));
    const fault = `the name ${shown} is not allowed: it must hold only letters, digits and !#$%&'*+-.^_\`|~`;
    throw RingbackError.at("invalid_request", field, fault);
  }
  const fault = nameFault(name.toLowerCase(), seen) ?? (valueForm.test(value) ? null : VALUE_FAULT);
  if (fault !== null) throw RingbackError.at("invalid_request", `${field}.${name.slice(0, 64)}`, fault);
}

function nameFault(name: string, seen: ReadonlySet<string>): string | null {
  if (transportHeaders.has(name) || name.startsWith("proxy-")) return "is set by the transport and cannot be chosen";
  if (protocolHeaders.has(name) || protocolHeaderPrefix.test(name))
    return "is set by the protocol and cannot be chosen";
  if (seen.has(name)) return "stands there twice; the case of a header's name makes no difference";
  return null;
}
