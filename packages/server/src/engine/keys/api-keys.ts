import type { TimeMs } from "../../domain/model.ts";

/** A program signs its requests with the SecretKey and names the pair by its SecretId. The SecretKey is never sent. */
export interface ApiKeyPair {
  readonly secretId: string;
  readonly secretKey: string;
}

/** The public view of a pair. */
export interface ApiKeyDetails {
  /** The SecretId: unique, not a secret. */
  readonly id: string;
  /** A label for people. */
  readonly name: string;
  /** True if a configured master key opens (decrypts) this pair. */
  readonly usable: boolean;
  readonly createdAtMs: TimeMs;
  readonly updatedAtMs: TimeMs;
}
