import type { ProtocolKey } from "@ringback/sdk/protocols";
import type { EntryState } from "../../domain/model.ts";
import type { KeyDescription } from "./jwk-rule.ts";

/** Looks up the account's decrypted keys. */
export interface KeyRing {
  /**
   * Returns null if there is no such key or no configured master key opens it. Returns the same object until the key
   * changes.
   */
  find(kid: string): Promise<ProtocolKey | null>;
}

/** The public view of a key. Contains nothing that helps to guess the key. */
export interface KeyDetails extends KeyDescription, Omit<EntryState, "name"> {
  readonly kid: string;
  /** True if a configured master key opens (decrypts) this key. */
  readonly usable: boolean;
}
