import type { Jwk, ProtocolKey } from "@ringback/sdk/protocols";
import type { EntryState } from "../../domain/model.ts";
import type { WriteCondition } from "../../domain/write-condition.ts";
import type { Page, PageRequest } from "../../store/page.ts";

/** Looks up the account's decrypted keys. */
export interface KeyRing {
  /**
   * Returns null if there is no such key or no configured master key opens it. Returns the same object until the key
   * changes.
   */
  find(kid: string): Promise<ProtocolKey | null>;
}

/** The public view of a key. Contains nothing that helps to guess the key. */
export interface KeyDetails extends Omit<EntryState, "name"> {
  readonly kid: string;
  readonly kty: "oct" | "OKP";
  readonly crv: "Ed25519" | null;
  readonly bits: number;
  /** True if a configured master key opens (decrypts) this key. */
  readonly usable: boolean;
}

/** The account's signing and encryption keys. */
export interface Keys extends KeyRing {
  /**
   * Creates or replaces; putting the same key twice changes nothing. Throws `invalid_key`, `master_key_missing`,
   * `entry_limit` and `precondition_failed`.
   */
  put(
    kid: string,
    jwk: Jwk,
    condition?: WriteCondition,
  ): Promise<{ readonly key: KeyDetails; readonly created: boolean }>;
  get(kid: string): Promise<KeyDetails | null>;
  /** Sorted by kid. */
  list(page: PageRequest): Promise<Page<KeyDetails>>;
  /** Returns false if there is no such key. Throws `precondition_failed`. */
  delete(kid: string, condition?: WriteCondition): Promise<boolean>;
}
