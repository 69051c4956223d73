import { isIP } from "node:net";

export interface ListenAddress {
  /** An IP address without brackets, or a host name. */
  readonly host: string;
  /** 0: the operating system selects a free port. */
  readonly port: number;
}

/** The formats of `parseListenAddress`, as the end of a sentence. */
export const listenForms =
  "an address and a port from 0 to 65535: 127.0.0.1:8000, [::1]:8000, or :8000 for every IPv4 address of the machine";

const HOST_NAME = /^(?=.{1,253}$)[a-zA-Z\d](?:[a-zA-Z\d-]{0,62})(?:\.[a-zA-Z\d][a-zA-Z\d-]{0,62})*$/;
/** A text of digits and dots must be a valid IPv4 address and is never a host name. */
const DIGITS_AND_DOTS = /^[\d.]+$/;

/** Returns null if the text is not an address to listen on. */
export function parseListenAddress(text: string): ListenAddress | null {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  if (match === null) return null;
  const [, bracketed, plain = "", digits] = match;
  const port = Number(digits);
  if (port > 65_535) return null;
  if (bracketed !== undefined) return isIP(bracketed) === 6 ? { host: bracketed, port } : null;
  // 0.0.0.0 instead of ::, because a machine without IPv6 cannot listen on ::.
  if (plain === "") return { host: "0.0.0.0", port };
  if (DIGITS_AND_DOTS.test(plain) ? isIP(plain) !== 4 : !HOST_NAME.test(plain)) return null;
  return { host: plain, port };
}

export function formatListenAddress(address: ListenAddress): string {
  return isIP(address.host) === 6 ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
