import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { PushSettings } from "../domain/model.ts";
import type { Endpoint } from "./port.ts";

/**
 * What a subscription's settings mean for the transport. The URL is read as browsers read it, so that every spelling of an
 * IPv4 address (decimal, octal, hexadecimal) comes out as the one form that the address guard judges.
 * Throws `invalid_url`.
 */
export function parseEndpoint(push: PushSettings): Endpoint {
  if (push.url.length > limits.urlCharsMax) throw refuse(`has more than ${limits.urlCharsMax} characters`);
  const url = URL.parse(push.url);
  if (url === null) throw refuse("is not an absolute URL");
  if (url.protocol !== "http:" && url.protocol !== "https:") throw refuse("must begin with http:// or https://");
  if (url.username !== "" || url.password !== "") {
    throw refuse("must not hold a user name or password; send them in a header");
  }
  if (url.port === "0") throw refuse("must not name port 0");
  return {
    origin: url.origin,
    path: url.pathname + url.search,
    connection: push.connection,
    timeoutMs: push.timeoutMs,
    wholeReplyBytesMax: null,
  };
}

function refuse(what: string): RingbackError {
  return RingbackError.at("invalid_url", "push.url", what);
}
