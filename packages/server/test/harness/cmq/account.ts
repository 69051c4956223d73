import { randomBytes } from "node:crypto";
import type { Api } from "../api.ts";

/** Key pair with which a program signs its requests. */
export interface KeyPair {
  readonly secretId: string;
  readonly secretKey: string;
}

/** The value of `TopicOwner` in CMQ's documents. */
export const appId = 100015036;

/** The server encrypts API keys, so it needs a master key. */
export function withMasterKey(): Readonly<Record<string, string>> {
  return { RINGBACK_MASTER_KEY: randomBytes(32).toString("base64") };
}

export function makeKeyPair(api: Api, name = "program"): Promise<KeyPair> {
  return api.ok<KeyPair>("POST", "/v1/api-keys", { json: { name } });
}
