import { createHmac, timingSafeEqual } from "node:crypto";

export interface SignedRequest {
  readonly method: "GET" | "POST";
  /** The Host header, as it came. */
  readonly host: string;
  readonly path: string;
  readonly form: ReadonlyMap<string, string>;
}

/** How a client may differ from the others in what it signs. */
interface Variant {
  readonly host: string;
  /** Leaves out values that begin with "@" (of a POST: once that was how a file was named). */
  readonly skipsAt: boolean;
  /** Keeps the underscores of a key that begins with one. */
  readonly keepsLeading: boolean;
}

/** Everything but `Signature`, in the order of ASCII, each value as it is; an underscore of a key counts as a dot. */
export function canonicalString(request: SignedRequest, { host, skipsAt, keepsLeading }: Variant): string {
  let text = `${request.method}${host}${request.path}?`;
  let separator = "";
  // By UTF-16, which for ASCII is by ASCII.
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

/** The signature's bytes if it is that of the secret key, in one of the ways in which the known clients make it; or null. */
export function verifiedSignature(secretKey: Uint8Array, request: SignedRequest): Uint8Array | null {
  const algorithm = algorithmOf(request.form.get("SignatureMethod"));
  if (algorithm === null) return null;
  const given = Buffer.from(request.form.get("Signature") ?? "", "base64");
  for (const variant of variantsOf(request)) {
    const wanted = createHmac(algorithm, secretKey).update(canonicalString(request, variant)).digest();
    if (given.length === wanted.length && timingSafeEqual(given, wanted)) return given;
  }
  return null;
}

/** null: no algorithm that this API has. */
export function algorithmOf(method: string | undefined): "sha1" | "sha256" | null {
  if (method === undefined || method === "" || method === "HmacSHA1") return "sha1";
  return method === "HmacSHA256" ? "sha256" : null;
}

/** The likeliest first: nearly always it is the only one that is looked at. */
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
