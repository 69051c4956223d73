import { createHmac } from "node:crypto";

/** The API key with which requests to CMQ's API are signed. */
export interface KeyPair {
  readonly secretId: string;
  readonly secretKey: string;
}

const PATH = "/v2/index.php";
let nonce = 0;

/** The body of a POST to CMQ's API 2.0, signed with HmacSHA256 for the host of `origin`. */
export function signedForm(
  origin: string,
  { secretId, secretKey }: KeyPair,
  action: string,
  ownParameters: Readonly<Record<string, string>>,
): Buffer {
  const parameters: Record<string, string> = {
    Action: action,
    ...ownParameters,
    Region: "gz",
    SecretId: secretId,
    SignatureMethod: "HmacSHA256",
    Timestamp: String(Math.floor(Date.now() / 1000)),
    Nonce: String(++nonce),
  };
  const names = Object.keys(parameters).toSorted((a, b) => (a < b ? -1 : 1));
  const text = names.map((name) => `${name}=${parameters[name] ?? ""}`).join("&");
  const host = new URL(origin).host;
  const signature = createHmac("sha256", secretKey).update(`POST${host}${PATH}?${text}`).digest("base64");
  const form = names.map((name) => `${name}=${encodeURIComponent(parameters[name] ?? "")}`);
  return Buffer.from(`${form.join("&")}&Signature=${encodeURIComponent(signature)}`);
}

/** A request to CMQ's API, without its origin and its body. */
export const cmqTarget = {
  path: PATH,
  headers: ["content-type", "application/x-www-form-urlencoded"],
  okStatus: 200,
  messagesPerRequest: 1,
  readReply: true,
};
