import { createHash, createHmac } from "node:crypto";
import type { KeyPair } from "./signed-form.ts";

const CONTENT_TYPE = "application/json";
const SERVICE = "tdmq";

/** The headers of a POST to `/` of CMQ's newer API, signed with TC3-HMAC-SHA256 for the host of `origin`. */
export function tc3Headers(
  origin: string,
  { secretId, secretKey }: KeyPair,
  action: string,
  body: string,
): Record<string, string> {
  const { host } = new URL(origin);
  const timestamp = String(Math.floor(Date.now() / 1000));
  const date = new Date().toISOString().slice(0, 10);
  const signedHeaders = "content-type;host";
  const headers = `content-type:${CONTENT_TYPE}\nhost:${host}\n`;
  const request = ["POST", "/", "", headers, signedHeaders, sha256(body)].join("\n");
  const scope = `${date}/${SERVICE}/tc3_request`;
  const text = ["TC3-HMAC-SHA256", timestamp, scope, sha256(request)].join("\n");
  const key = [date, SERVICE, "tc3_request"].reduce<Buffer | string>(hmac, `TC3${secretKey}`);
  return {
    "content-type": CONTENT_TYPE,
    "x-tc-action": action,
    "x-tc-version": "2020-02-17",
    "x-tc-timestamp": timestamp,
    authorization:
      `TC3-HMAC-SHA256 Credential=${secretId}/${scope}, SignedHeaders=${signedHeaders}, ` +
      `Signature=${hmac(key, text).toString("hex")}`,
  };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
