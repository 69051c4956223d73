import { createHmac, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import type { AccountId, EntryKind } from "../../domain/model.ts";
import { AccountEntries } from "../../store/account-entries.ts";
import type { Store } from "../../store/store.ts";
import { Mutex } from "../../domain/mutex.ts";
import { wechatLimits } from "./wechat-limits.ts";

/**
 * The stored form of the secret, a hash. People choose secrets that are easy to guess, so the slow hash function scrypt
 * is used.
 */
interface StoredSecret {
  readonly salt: string;
  readonly hash: string;
  readonly cost: ScryptCost;
}

/** scrypt's N, r and p. */
export type ScryptCost = readonly [number, number, number];

const kind: EntryKind = "wechat";
const name = "secret";
/** One hash with this cost takes 16 MiB of memory and about 40 ms. */
const costDefault: ScryptCost = [2 ** 14, 8, 1];
const SALT_BYTES = 16;
const HASH_BYTES = 32;

const derive = promisify<string, Uint8Array, number, { N: number; r: number; p: number }, Buffer>(scrypt);

/**
 * Checks the secret that requests must contain after it was set. Hashing is slow on purpose, and only one request at a
 * time is hashed, so that guessing cannot overload the machine. A keyed digest of a correct secret is cached in memory,
 * so that later requests are checked fast. Both comparisons take constant time.
 */
export class Secret {
  readonly #entries: AccountEntries<StoredSecret>;
  readonly #randomBytes: (count: number) => Uint8Array;
  readonly #cost: ScryptCost;
  readonly #digestKey: Uint8Array;
  readonly #mutex = new Mutex(wechatLimits.pendingMax);
  #cached: { readonly hash: string; readonly digest: Buffer } | null = null;

  constructor(
    store: Store,
    accountId: AccountId,
    randomBytes: (count: number) => Uint8Array,
    cost: ScryptCost = costDefault,
  ) {
    this.#entries = new AccountEntries(store, accountId, kind);
    this.#randomBytes = randomBytes;
    this.#cost = cost;
    this.#digestKey = randomBytes(HASH_BYTES);
  }

  /**
   * Returns true if `given` is the secret, and false if no secret is set. Throws `overloaded` when too many checks are
   * waiting.
   */
  async accepts(given: unknown): Promise<boolean> {
    const entry = await this.#entries.get(name);
    if (entry === null) return false;
    if (typeof given !== "string" || given === "" || given.length > wechatLimits.secretCharsMax) return false;
    const stored = entry.value;
    return this.#isCached(stored, given) || this.#mutex.run(() => this.#check(stored, given));
  }

  async isSet(): Promise<boolean> {
    return (await this.#entries.get(name)) !== null;
  }

  /** Sets the secret. An empty string removes it. */
  async set(secret: string): Promise<void> {
    if (secret === "") {
      await this.#entries.delete(name);
      return;
    }
    const salt = this.#randomBytes(SALT_BYTES);
    const hash = await this.#mutex.run(() => hashOf(secret, salt, this.#cost));
    const stored: StoredSecret = { salt: base64url(salt), hash: base64url(hash), cost: this.#cost };
    await this.#entries.put(name, stored);
  }

  async #check(stored: StoredSecret, given: string): Promise<boolean> {
    const hash = await hashOf(given, Buffer.from(stored.salt, "base64url"), stored.cost);
    const isCorrect = timingSafeEqual(hash, Buffer.from(stored.hash, "base64url"));
    if (isCorrect) this.#cached = { hash: stored.hash, digest: this.#digestOf(given) };
    return isCorrect;
  }

  #isCached(stored: StoredSecret, given: string): boolean {
    return this.#cached?.hash === stored.hash && timingSafeEqual(this.#cached.digest, this.#digestOf(given));
  }

  #digestOf(secret: string): Buffer {
    return createHmac("sha256", this.#digestKey).update(secret).digest();
  }
}

function hashOf(secret: string, salt: Uint8Array, [N, r, p]: ScryptCost): Promise<Buffer> {
  return derive(secret, salt, HASH_BYTES, { N, r, p });
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}
