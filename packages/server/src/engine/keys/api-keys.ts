import type { TimeMs } from "../../domain/model.ts";
import type { Page, PageRequest } from "../../store/page.ts";

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

/** The account's API keys. */
export interface ApiKeys {
  /**
   * Stores `pair`, or generates a new pair when it is null. Creating the same pair again only updates the name. Throws
   * `invalid_key`, `invalid_name`, `api_key_exists`, `master_key_missing` and `entry_limit`.
   */
  create(
    name: string,
    pair: ApiKeyPair | null,
  ): Promise<{ readonly apiKey: ApiKeyDetails; readonly pair: ApiKeyPair; readonly created: boolean }>;
  /** Like `create`, but replaces an existing pair with the same SecretId. */
  put(name: string, pair: ApiKeyPair): Promise<ApiKeyDetails>;
  get(id: string): Promise<ApiKeyDetails | null>;
  /** Sorted by id. */
  list(page: PageRequest): Promise<Page<ApiKeyDetails>>;
  /**
   * Revokes the pair at once on this node, and on other nodes when the change notice arrives there. Returns false if
   * there is no such pair.
   */
  delete(id: string): Promise<boolean>;
  /**
   * Returns the SecretKey as HMAC key bytes. Returns null if there is no such pair or no configured master key opens
   * it. Called for every signed request, so results are cached, even for unknown ids. Returns the same object until the
   * pair changes.
   */
  secretOf(secretId: string): Promise<Uint8Array | null>;
}
