import { createHash, createHmac } from "node:crypto";
import { secretId, secretKey } from "./scene.ts";

export interface Tc3Options {
  readonly method?: "GET" | "POST";
  readonly action: string;
  readonly timestampS: number;
  /** JSON of a POST. */
  readonly payload?: string;
  /** Query of a GET. */
  readonly query?: string;
  readonly key?: string;
  readonly secretId?: string;
  readonly signedHeaders?: readonly string[];
  /** Text that is signed instead of the payload. */
  readonly signedPayload?: string;
  /** Replace headers after the signature. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Tc3Sent {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly payload?: string;
}

/**
 * Signs as the documentation says, independently of the code under test. The host is signed without its port, as
 * `tencentcloud-sdk-nodejs` does.
 */
export function tc3Request(options: Tc3Options): Tc3Sent {
  const { method = "POST", action, timestampS, payload = "", query = "", key = secretKey } = options;
  const { signedHeaders = ["content-type", "host"], signedPayload = payload, secretId: id = secretId } = options;
  const contentType = method === "GET" ? "application/x-www-form-urlencoded" : "application/json";
  const values: Readonly<Record<string, string>> = {
    "content-type": contentType,
    host: "tdmq.test",
    "x-tc-action": action.toLowerCase(),
  };
  const date = new Date(timestampS * 1000).toISOString().slice(0, 10);
  const lines = signedHeaders.map((name) => `${name}:${values[name]}\n`).join("");
  const names = signedHeaders.join(";");
  const canonical = [method, "/", query, lines, names, sha256(signedPayload)].join("\n");
  const text = `TC3-HMAC-SHA256\n${timestampS}\n${date}/tdmq/tc3_request\n${sha256(canonical)}`;
  const signingKey = hmac(hmac(hmac(`TC3${key}`, date), "tdmq"), "tc3_request");
  const credential = `Credential=${id}/${date}/tdmq/tc3_request, SignedHeaders=${names}`;
  return {
    method,
    url: query === "" ? "/" : `/?${query}`,
    ...(method === "POST" && { payload }),
    headers: {
      host: "tdmq.test:8000",
      "content-type": contentType,
      "x-tc-action": action,
      "x-tc-version": "2020-02-17",
      "x-tc-timestamp": String(timestampS),
      authorization: `TC3-HMAC-SHA256 ${credential}, Signature=${hmac(signingKey, text).toString("hex")}`,
      ...options.headers,
    },
  };
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
