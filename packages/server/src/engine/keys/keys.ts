import type { ProtocolKey } from "@ringback/sdk/protocols";
import type { EntryState, TimeMs } from "../../domain/model.ts";
import type { KeyDescription } from "./jwk-rule.ts";

/** Looks up the account's decrypted keys. */
export interface KeyRing {
  /**
   * Returns null if there is no such key or no configured master key opens it. Returns the same object until the key
   * changes.
   */
  find(kid: string): Promise<ProtocolKey | null>;
  /**
   * Returns all keys that sign under this name: the key, and the keys that a rotation has replaced and whose overlap is
   * not over. The newest comes first. Keys that no configured master key opens are left out.
   */
  findAll(kid: string): Promise<readonly ProtocolKey[]>;
}

/** The subscription for which the server has made a key. */
export interface KeyOwner {
  readonly topic: string;
  readonly subscription: string;
}

/** The public half of an Ed25519 key. */
export interface PublicKey {
  readonly kid: string;
  /** 32 bytes in base64url. */
  readonly x: string;
}

/** The public view of a key. Contains nothing that helps to guess the key. */
export interface KeyDetails extends KeyDescription, Omit<EntryState, "name"> {
  readonly kid: string;
  /** True if a configured master key opens (decrypts) this key. */
  readonly usable: boolean;
  /** The Unix times until which replaced keys sign beside this one. */
  readonly previousUntilMs: readonly TimeMs[];
  /** null: the key was not made for a subscription. */
  readonly owner: KeyOwner | null;
}
