import { timingSafeEqual } from "node:crypto";
import type { Jwk, ProtocolKey } from "@ringback/sdk/protocols";
import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { Entry, TimeMs } from "../../domain/model.ts";
import { Mutex } from "../../domain/mutex.ts";
import type { Clock } from "../../domain/ports.ts";
import { assertCondition, type WriteCondition } from "../../domain/write-condition.ts";
import type { Page, PageRequest } from "../../store/page.ts";
import type { KeyDetails, KeyOwner, PublicKey } from "./keys.ts";
import { describeJwk, storedJwk } from "./jwk-rule.ts";
import type { StoredJwk, KeyDescription } from "./jwk-rule.ts";
import { type KeySource, newKey, type NewKey, newKeyLike, type RandomBytes } from "./new-key.ts";
import { type Resealed, resealPage, withSealed } from "./reseal.ts";
import { SealedEntries, type SealedEntriesOptions } from "./sealed-entries.ts";

/** A key that was replaced by a rotation. */
interface PreviousKey {
  readonly sealed: string;
  /** The public half of a key pair. */
  readonly x?: string;
  /** The key signs until this steady time. */
  readonly untilMs: TimeMs;
}

/** A key's entry in the store. */
interface StoredKey extends KeyDescription {
  readonly sealed: string;
  /** The public half of a key pair. */
  readonly x?: string;
  /** The keys that sign beside this one, the newest first. */
  readonly previous?: readonly PreviousKey[];
  /** The subscription that the key was made for. */
  readonly owner?: KeyOwner;
}

export interface AccountKeysOptions extends SealedEntriesOptions {
  readonly clock: Clock;
  /** Cryptographically secure random bytes. */
  readonly randomBytes: RandomBytes;
}

/** The members of `AccountKeys` that the API and the configuration use. */
export type Keys = Omit<AccountKeys, "unusable" | "reseal">;

/** The account's signing and encryption keys. They are stored sealed, opened once, and passed to dialects only. */
export class AccountKeys {
  /**
   * Held from the check to the write by each deletion or replacement of a key, and by each write of a subscription or
   * hook that names a key. So no key disappears between the check of its user and the write of this user.
   */
  readonly uses = new Mutex();
  readonly #entries: SealedEntries<StoredKey, ProtocolKey>;
  readonly #clock: Clock;
  readonly #randomBytes: RandomBytes;

  constructor({ clock, randomBytes, ...options }: AccountKeysOptions) {
    this.#clock = clock;
    this.#randomBytes = randomBytes;
    this.#entries = new SealedEntries(options, {
      kind: "key",
      sealedName: (kid) => kid,
      read: (jwk, kid) => ({ kid, jwk: { ...jwk } }),
    });
  }

  async find(kid: string): Promise<ProtocolKey | null> {
    const entry = await this.#entries.get(kid);
    return entry && this.#entries.open(entry);
  }

  async findAll(kid: string): Promise<readonly ProtocolKey[]> {
    const entry = await this.#entries.get(kid);
    if (entry === null) return [];
    const newest = await this.#entries.open(entry);
    const keys = newest === null ? [] : [newest];
    for (const previous of this.#signing(entry)) {
      const key = await this.#entries.openText(kid, previous);
      if (key !== null) keys.push(key);
    }
    return keys;
  }

  /** Reads or generates a key, and stores nothing. Throws `invalid_key`. */
  read(source: KeySource): NewKey {
    return newKey(source, this.#randomBytes);
  }

  /**
   * Creates or replaces; putting the same key twice changes nothing. Throws `invalid_key`, `master_key_missing`,
   * `entry_limit` and `precondition_failed`.
   */
  async put(
    kid: string,
    jwk: Jwk,
    condition?: WriteCondition,
    owner?: KeyOwner,
  ): Promise<{ key: KeyDetails; created: boolean }> {
    const kept = storedJwk(jwk);
    this.#entries.assertSeals();
    const before = await this.#entries.get(kid);
    // Each sealing gives another text. Without this check, putting the same key again would count as a change.
    if (before !== null && this.#entries.isFresh(before.value.sealed) && (await this.#holds(before, kept))) {
      assertCondition(condition, before);
      return { key: this.#details(before), created: false };
    }
    const value: StoredKey = { ...(await this.#stored(kid, kept)), ...(owner !== undefined && { owner }) };
    const { entry, created } = await this.#entries.put(kid, value, condition);
    return { key: this.#details(entry), created };
  }

  /**
   * Returns the key that would replace the present one: the given one, or a new one of the same type and length.
   * Returns null if there is no such key. Throws `invalid_key`.
   */
  async successor(kid: string, given: KeySource | null): Promise<NewKey | null> {
    const entry = await this.#entries.get(kid);
    if (entry === null) return null;
    if (given !== null) return this.read(given);
    const { kty, bits } = entry.value;
    // The length is known without the master key.
    const like: StoredJwk =
      kty === "OKP" ? { kty, crv: "Ed25519", x: "", d: "" } : { kty, k: Buffer.alloc(bits / 8).toString("base64url") };
    return newKeyLike(like, this.#randomBytes);
  }

  /**
   * Replaces the key. The key that it replaces signs beside the new one for `overlapMs`. Giving the present key changes
   * nothing, so that a caller may repeat its request. Returns null if there is no such key. Throws `rotation_limit`,
   * `invalid_key`, `master_key_missing` and `precondition_failed`.
   */
  async rotate(kid: string, jwk: Jwk, overlapMs: number, condition?: WriteCondition): Promise<KeyDetails | null> {
    const kept = storedJwk(jwk);
    this.#entries.assertSeals();
    const before = await this.#entries.get(kid);
    if (before === null) return null;
    if (await this.#holds(before, kept)) {
      assertCondition(condition, before);
      return this.#details(before);
    }
    const { sealed, x, owner } = before.value;
    const replaced = { sealed, untilMs: this.#clock.now() + overlapMs, ...(x !== undefined && { x }) };
    const previous = [...(overlapMs > 0 ? [replaced] : []), ...this.#signing(before)];
    if (previous.length > limits.previousKeysMax) throw rotationLimit(kid);
    const value: StoredKey = {
      ...(await this.#stored(kid, kept)),
      ...(previous.length > 0 && { previous }),
      ...(owner !== undefined && { owner }),
    };
    return this.#details((await this.#entries.put(kid, value, condition ?? before)).entry);
  }

  async get(kid: string): Promise<KeyDetails | null> {
    const entry = await this.#entries.get(kid);
    return entry && this.#details(entry);
  }

  /** Sorted by kid. */
  list(page: PageRequest): Promise<Page<KeyDetails>> {
    return this.#entries.list(page, (entry) => this.#details(entry));
  }

  /** The public halves of the key and of the keys that sign beside it, the newest first. Empty for a shared secret. */
  async publicKeys(kid: string): Promise<readonly PublicKey[]> {
    const entry = await this.#entries.get(kid);
    return entry === null ? [] : publicKeysOf(entry, this.#signing(entry));
  }

  /** As `publicKeys`, for all keys of one page. */
  async listPublicKeys(page: PageRequest): Promise<Page<readonly PublicKey[]>> {
    return this.#entries.list(page, (entry) => publicKeysOf(entry, this.#signing(entry)));
  }

  /** Returns false if there is no such key. Throws `precondition_failed`. */
  delete(kid: string, condition?: WriteCondition): Promise<boolean> {
    return this.#entries.delete(kid, condition);
  }

  /** Seals the keys of one page with the first master key. Drops keys whose overlap is over. */
  reseal(page: PageRequest): Promise<Resealed> {
    return resealPage(this.#entries, page, async (value, kid) => {
      const again = (sealed: string) => this.#entries.reseal(kid, sealed);
      const { previous: before = noKeys, ...stored } = value;
      const signing = before.filter(({ untilMs }) => this.#clock.now() < untilMs);
      const previous = await Promise.all(signing.map((one) => withSealed(one, again)));
      const newest = await withSealed(stored, again);
      const isSame = newest === stored && before.length === previous.length;
      if (isSame && previous.every((one, index) => one === before[index])) return value;
      return { ...newest, ...(previous.length > 0 && { previous }) };
    });
  }

  /** Names of the keys that no configured master key opens. */
  unusable(): Promise<readonly string[]> {
    return this.#entries.unusable();
  }

  async #stored(kid: string, jwk: StoredJwk): Promise<StoredKey> {
    const sealed = await this.#entries.seal(kid, jwk);
    return { ...describeJwk(jwk), sealed, ...(jwk.kty === "OKP" && { x: jwk.x }) };
  }

  /** The replaced keys that still sign. */
  #signing({ value }: Entry<StoredKey>): readonly PreviousKey[] {
    return (value.previous ?? noKeys).filter(({ untilMs }) => this.#clock.now() < untilMs);
  }

  async #holds(entry: Entry<StoredKey>, jwk: StoredJwk): Promise<boolean> {
    const opened = await this.#entries.open(entry);
    if (opened === null) return false;
    const [held, given] = [Buffer.from(JSON.stringify(opened.jwk)), Buffer.from(JSON.stringify(jwk))];
    return held.length === given.length && timingSafeEqual(held, given);
  }

  #details(entry: Entry<StoredKey>): KeyDetails {
    const { name, value, id, version, createdAtMs, updatedAtMs } = entry;
    const { kty, crv, bits, sealed, owner = null } = value;
    const previousUntilMs = this.#signing(entry).map(({ untilMs }) => this.#clock.wall(untilMs));
    const state = { id, version, createdAtMs, updatedAtMs };
    return { kid: name, kty, crv, bits, usable: this.#entries.opens(sealed), previousUntilMs, owner, ...state };
  }
}

const noKeys: readonly PreviousKey[] = [];

function publicKeysOf({ name, value }: Entry<StoredKey>, previous: readonly PreviousKey[]): readonly PublicKey[] {
  return [value, ...previous].flatMap(({ x }) => (x === undefined ? [] : [{ kid: name, x }]));
}

function rotationLimit(kid: string): RingbackError {
  return new RingbackError(
    "rotation_limit",
    `${limits.previousKeysMax} keys that were replaced still sign beside the key "${kid}". Wait until the overlap of one ` +
      "of them is over, or put the key anew, which ends all overlaps.",
  );
}
