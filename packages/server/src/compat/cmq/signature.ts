import { createHmac, timingSafeEqual } from "node:crypto";
import { setImmediate as otherWork } from "node:timers/promises";

export interface SignedRequest {
  readonly method: "GET" | "POST";
  /** The Host header as received. */
  readonly host: string;
  readonly path: string;
  readonly form: ReadonlyMap<string, string>;
}

/** Differences between clients in the text that they sign. */
interface Variant {
  readonly host: string;
  /**
   * The signed text omits values that begin with "@". Some clients omit them in a POST, because "@" once marked the
   * name of a file.
   */
  readonly skipsAt: boolean;
  /** Keeps `_` in names that begin with `_`. */
  readonly keepsLeading: boolean;
}

/**
 * Returns the text that a client signs: all parameters except `Signature`, sorted by name, with `_` in names replaced
 * by `.`.
 */
export function canonicalString(request: SignedRequest, { host, skipsAt, keepsLeading }: Variant): string {
  let text = `${request.method}${host}${request.path}?`;
  let separator = "";
  // Clients sort names by ASCII. Names contain only ASCII, so the default order by UTF-16 code units is the same.
  for (const key of [...request.form.keys()].toSorted()) {
    if (key === "Signature") continue;
    const value = request.form.get(key) ?? "";
    if (skipsAt && value.startsWith("@")) continue;
    const name = key.includes("_") && !(keepsLeading && key.startsWith("_")) ? key.replaceAll("_", ".") : key;
    text += `${separator}${name}=${value}`;
    separator = "&";
  }
  return text;
}

/** Returns the bytes of the signature, or null if the signature matches no variant of the known clients. */
export async function verifiedSignature(secretKey: Uint8Array, request: SignedRequest): Promise<Uint8Array | null> {
  const algorithm = algorithmOf(request.form.get("SignatureMethod"));
  if (algorithm === null) return null;
  const given = Buffer.from(request.form.get("Signature") ?? "", "base64");
  if (given.length !== digestBytes[algorithm]) return null;
  let tried = 0;
  for (const variant of variantsOf(request)) {
    // Each variant of the longest form takes some milliseconds. Between them, the server does other work.
    if (tried++ > 0) await otherWork();
    const expected = createHmac(algorithm, secretKey).update(canonicalString(request, variant)).digest();
    if (timingSafeEqual(given, expected)) return given;
  }
  return null;
}

const digestBytes = { sha1: 20, sha256: 32 };

/** Returns null for an unknown algorithm. */
export function algorithmOf(method: string | undefined): "sha1" | "sha256" | null {
  if (method === undefined || method === "" || method === "HmacSHA1") return "sha1";
  return method === "HmacSHA256" ? "sha256" : null;
}

/** Most clients use the first variant, so it is tried first. */
function* variantsOf({ method, host, form }: SignedRequest): Generator<Variant> {
  yield { host, skipsAt: false, keepsLeading: false };
  const bare = host.replace(/:\d*$/, "");
  const hosts = bare === host ? [host] : [host, bare];
  const maySkip = method === "POST" && [...form.values()].some((value) => value.startsWith("@"));
  const mayKeep = [...form.keys()].some((key) => key.startsWith("_"));
  for (const host of hosts) {
    for (const skipsAt of maySkip ? [false, true] : [false]) {
      for (const keepsLeading of mayKeep ? [false, true] : [false]) yield { host, skipsAt, keepsLeading };
    }
  }
}
