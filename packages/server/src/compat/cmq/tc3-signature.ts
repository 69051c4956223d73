import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { missingTc3Parameter, Tc3Error } from "./tc3-errors.ts";

const algorithm = "TC3-HMAC-SHA256";
const form =
  /^TC3-HMAC-SHA256\s+Credential=([^/,\s]{1,128})\/(\d{4}-\d\d-\d\d)\/([^/,\s]{1,64})\/tc3_request,\s*SignedHeaders=([a-z\d;-]{1,512}),\s*Signature=([\da-f]{64})$/;

/** The headers that the cloud's documentation requires a signature to cover. */
const requiredHeaders = ["content-type", "host"];

/** Value of the header `X-TC-Content-SHA256` with which a client says that its signature does not cover the body. */
const unsignedPayload = "UNSIGNED-PAYLOAD";

export interface Tc3Authorization {
  readonly secretId: string;
  /** The credential's date: the day of the timestamp in UTC. */
  readonly date: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: Uint8Array;
}

export interface Tc3Request {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
  readonly timestampS: number;
}

export function readTc3Authorization(header: string | undefined): Tc3Authorization {
  if (header === undefined || header === "") throw missingTc3Parameter("Authorization");
  const match = form.exec(header);
  if (match === null) throw invalid(`The Authorization header is not a valid ${algorithm} header.`);
  const [, secretId = "", date = "", service = "", names = "", signature = ""] = match;
  const signedHeaders = names.split(";");
  for (const name of requiredHeaders) {
    if (!signedHeaders.includes(name)) throw invalid(`SignedHeaders must contain ${requiredHeaders.join(" and ")}.`);
  }
  return { secretId, date, service, signedHeaders, signature: Buffer.from(signature, "hex") };
}

/** Returns a header's value as it appears in the signed text. */
type HeaderText = (name: string, value: string) => string;

export function tc3CanonicalRequest(
  request: Tc3Request,
  signedHeaders: readonly string[],
  bodyHash: string,
  textOf: HeaderText,
): string {
  const headers = signedHeaders.map(
    (name) => `${name}:${textOf(name, headerText(ownHeader(request.headers, name)))}\n`,
  );
  return [request.method, request.path, request.query, headers.join(""), signedHeaders.join(";"), bodyHash].join("\n");
}

/**
 * Variants of the signed text. Clients sign the host with or without its port. They sign header values as sent, or in
 * lower case as the documentation requires.
 */
const variants: readonly HeaderText[] = [
  (_name, value) => value,
  (name, value) => (name === "host" ? withoutPort(value) : value),
  (_name, value) => value.toLowerCase(),
  (name, value) => (name === "host" ? withoutPort(value) : value).toLowerCase(),
];

export function isTc3SignedWith(secretKey: Uint8Array, request: Tc3Request, authorization: Tc3Authorization): boolean {
  const { date, service, signedHeaders, signature } = authorization;
  if (date !== new Date(request.timestampS * 1000).toISOString().slice(0, 10)) return false;
  const key = hmac(hmac(hmac(Buffer.concat([Buffer.from("TC3"), secretKey]), date), service), "tc3_request");
  const isUnsigned = request.headers["x-tc-content-sha256"] === unsignedPayload;
  const bodyHash = sha256(isUnsigned ? unsignedPayload : request.body);
  for (const textOf of variants) {
    const hash = sha256(tc3CanonicalRequest(request, signedHeaders, bodyHash, textOf));
    const expected = hmac(key, `${algorithm}\n${request.timestampS}\n${date}/${service}/tc3_request\n${hash}`);
    if (timingSafeEqual(signature, expected)) return true;
  }
  return false;
}

function hmac(key: Uint8Array, text: string): Uint8Array {
  return createHmac("sha256", key).update(text).digest();
}

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

function invalid(message: string): Tc3Error {
  return new Tc3Error("AuthFailure.InvalidAuthorization", message);
}

function withoutPort(host: string): string {
  return host.replace(/:\d*$/, "");
}

/** The client chooses the names, and one may also be a member of `Object.prototype`. */
function ownHeader(headers: Tc3Request["headers"], name: string): string | string[] | undefined {
  return Object.hasOwn(headers, name) ? headers[name] : undefined;
}

function headerText(value: string | string[] | undefined): string {
  return (Array.isArray(value) ? value.join(",") : (value ?? "")).trim();
}
