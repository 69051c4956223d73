import type { Grant } from "../../domain/access-rules.ts";
import type { AccountId, TimeMs } from "../../domain/model.ts";

/** A program signs its requests with the SecretKey and names the pair by its SecretId. The SecretKey is never sent. */
export interface ApiKeyPair {
  readonly secretId: string;
  readonly secretKey: string;
}

/** The settings of an API key. */
export interface ApiKeySettings extends Grant {
  /** A label for people. */
  readonly name: string;
  /** The key is not valid from this time on; null: it does not expire. */
  readonly expiresAtMs: TimeMs | null;
  /** True: the key belongs to a portal link, and is valid only for what the portal needs. */
  readonly isPortal?: boolean;
}

/** The public view of an API key. */
export interface ApiKeyDetails extends ApiKeySettings {
  /** The SecretId: unique, not a secret. */
  readonly id: string;
  /** True if a configured master key opens (decrypts) the SecretKey. The token is valid in any case. */
  readonly usable: boolean;
  /** The last use, which is written at most once in `limits.apiKeyUseWrittenMs`; null: the key was not used. */
  readonly lastUsedAtMs: TimeMs | null;
  readonly createdAtMs: TimeMs;
  readonly updatedAtMs: TimeMs;
}

/** A new API key. Its secrets are shown once. */
export interface NewApiKey {
  readonly apiKey: ApiKeyDetails;
  readonly pair: ApiKeyPair;
  /** null: the key existed already, and its token was shown before. */
  readonly token: string | null;
}

/** The key that a request was made with. */
export interface KeyIdentity extends Grant {
  readonly id: string;
  readonly name: string;
  readonly accountId: AccountId;
  readonly expiresAtMs: TimeMs | null;
  readonly isPortal?: boolean;
}
