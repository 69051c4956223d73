import { randomBytes } from "node:crypto";
import type { Api } from "../api.ts";

/** What a program signs with. */
export interface KeyPair {
  readonly secretId: string;
  readonly secretKey: string;
}

/** TopicOwner in CMQ's own documents. */
export const appId = 100015036;

/** API keys are kept sealed, so a server needs something to seal them with. */
export function withMasterKey(): Readonly<Record<string, string>> {
  return { RINGBACK_MASTER_KEY: randomBytes(32).toString("base64") };
}

export function makeKeyPair(api: Api, name = "program"): Promise<KeyPair> {
  return api.ok<KeyPair>("POST", "/v1/api-keys", { json: { name } });
}
