import { createHmac } from "node:crypto";
import type { CmqLoop } from "./commands.ts";

type Signing = Pick<CmqLoop, "origin" | "secretId" | "secretKey">;

const PATH = "/v2/index.php";
let nonce = 0;

/** The body of a POST to CMQ's API 2.0, signed with HmacSHA256 for the host as the origin has it. */
export function signedForm({ origin, secretId, secretKey }: Signing, own: Readonly<Record<string, string>>): Buffer {
  const parameters: Record<string, string> = {
    ...own,
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

export const signedTarget = {
  path: PATH,
  headers: ["content-type", "application/x-www-form-urlencoded"],
  okStatus: 200,
  messagesPerRequest: 1,
  readIds: true,
};
