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
  for (const key of [...request.form.keys()].toSorted(byCode)) {
    if (key === "Signature") continue;
    const value = request.form.get(key) ?? "";
    if (skipsAt && value.startsWith("@")) continue;
    const name = key.includes("_") && !(keepsLeading && key.startsWith("_")) ? key.replaceAll("_", ".") : key;
    text += `${separator}${name}=${value}`;
    separator = "&";
  }
  return text;
}

/** Whether `Signature` is that of the secret key, in one of the ways in which the known clients make it. */
export function isSignedWith(secretKey: Uint8Array, request: SignedRequest): boolean {
  const given = Buffer.from(request.form.get("Signature") ?? "", "base64");
  const algorithm = algorithmOf(request.form.get("SignatureMethod"));
  if (algorithm === null) return false;
  for (const variant of variantsOf(request)) {
    const wanted = createHmac(algorithm, secretKey).update(canonicalString(request, variant)).digest();
    if (given.length === wanted.length && timingSafeEqual(given, wanted)) return true;
  }
  return false;
}

/** null: no algorithm that this API has. */
export function algorithmOf(method: string | undefined): "sha1" | "sha256" | null {
  if (method === undefined || method === "" || method === "HmacSHA1") return "sha1";
  return method === "HmacSHA256" ? "sha256" : null;
}

/** The likeliest first; nearly always it is the only one that is tried. */
function* variantsOf({ method, host, form }: SignedRequest): Generator<Variant> {
  const bare = host.replace(/:\d*$/, "");
  const hosts = bare === host ? [host] : [host, bare];
  const hasAt = method === "POST" && [...form.values()].some((value) => value.startsWith("@"));
  const hasLeading = [...form.keys()].some((key) => key.startsWith("_"));
  for (const host of hosts) {
    for (const skipsAt of hasAt ? [false, true] : [false]) {
      for (const keepsLeading of hasLeading ? [false, true] : [false]) yield { host, skipsAt, keepsLeading };
    }
  }
}

function byCode(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
