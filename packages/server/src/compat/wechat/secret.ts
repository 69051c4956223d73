import { createHmac, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { limits } from "../../domain/limits.ts";
import type { EntryKind } from "../../domain/model.ts";
import type { Store } from "../../store/store.ts";
import { Mutex } from "../../domain/mutex.ts";

/** What the database holds: people choose secrets that can be guessed, so guessing must be made dear. */
interface KeptSecret {
  readonly salt: string;
  readonly hash: string;
  /** scrypt's N, r and p. */
  readonly cost: readonly [number, number, number];
}

const kind: EntryKind = "wechat";
const name = "secret";
/** 16 MiB and some 40 ms. */
const cost = [2 ** 14, 8, 1] as const;
const SALT_BYTES = 16;
const HASH_BYTES = 32;

const derive = promisify<string, Uint8Array, number, { N: number; r: number; p: number }, Buffer>(scrypt);

/**
 * The secret that requests must name once it is set. Deriving the hash is slow on purpose, and done for one request at a
 * time, so that guesses cost little of the machine; a secret that was right once is recognised by a digest that never
 * leaves this process. Both comparisons take the same time whatever is given.
 */
export class Secret {
  readonly #store: Store;
  readonly #randomBytes: (count: number) => Uint8Array;
  readonly #digestKey: Uint8Array;
  readonly #mutex = new Mutex(limits.wechatWaitingMax);
  #known: { readonly kept: string; readonly digest: Buffer } | null = null;

  constructor(store: Store, randomBytes: (count: number) => Uint8Array) {
    this.#store = store;
    this.#randomBytes = randomBytes;
    this.#digestKey = randomBytes(HASH_BYTES);
  }

  /** True when there is none, or it is this one. Throws `overloaded` when too many are being checked. */
  async isOpenedBy(given: unknown): Promise<boolean> {
    const entry = await this.#store.entries.get(this.#store.catalog.defaultAccount().id, kind, name);
    if (entry === null) return true;
    if (typeof given !== "string" || given === "" || given.length > limits.wechatSecretCharsMax) return false;
    const kept = entry.value as KeptSecret;
    return this.#isKnown(kept, given) || this.#mutex.run(() => this.#check(kept, given));
  }

  /** "": no secret from now on. */
  async set(secret: string): Promise<void> {
    const accountId = this.#store.catalog.defaultAccount().id;
    if (secret === "") {
      await this.#store.entries.delete(accountId, kind, name);
      return;
    }
    const salt = this.#randomBytes(SALT_BYTES);
    const hash = await this.#mutex.run(() => hashOf(secret, salt, cost));
    const kept: KeptSecret = { salt: base64url(salt), hash: base64url(hash), cost };
    await this.#store.entries.put(accountId, kind, name, kept);
  }

  async #check(kept: KeptSecret, given: string): Promise<boolean> {
    const hash = await hashOf(given, Buffer.from(kept.salt, "base64url"), kept.cost);
    const isRight = timingSafeEqual(hash, Buffer.from(kept.hash, "base64url"));
    if (isRight) this.#known = { kept: kept.hash, digest: this.#digestOf(given) };
    return isRight;
  }

  #isKnown(kept: KeptSecret, given: string): boolean {
    return this.#known?.kept === kept.hash && timingSafeEqual(this.#known.digest, this.#digestOf(given));
  }

  #digestOf(secret: string): Buffer {
    return createHmac("sha256", this.#digestKey).update(secret).digest();
  }
}

function hashOf(secret: string, salt: Uint8Array, [N, r, p]: KeptSecret["cost"]): Promise<Buffer> {
  return derive(secret, salt, HASH_BYTES, { N, r, p });
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}
