import type { PushSettings, SealedText, Subscription } from "../../domain/model.ts";
import { withSealed } from "./reseal.ts";
import { Sealer, type SealerOptions } from "./sealer.ts";

/** The names that a header's value is bound to. A subscription cannot use a value that was sealed for another one. */
export type HeaderOwner = Pick<Subscription, "topic" | "name">;

/** Reads the headers that a subscription sends with each POST. */
export interface PushHeaderReader {
  /**
   * Returns name, value, name, value … Returns null if a value cannot be opened: its master key is not configured, or
   * the stored text is damaged.
   */
  open(owner: HeaderOwner, push: PushSettings): Promise<readonly string[] | null>;
}

/** Seals the values of push headers before they are stored, and opens them for sending. They are never shown. */
export class PushHeaders implements PushHeaderReader {
  readonly #sealer: Sealer;
  readonly #opened = new WeakMap<PushSettings, Promise<readonly string[] | null>>();

  constructor(options: SealerOptions) {
    this.#sealer = new Sealer(options);
  }

  /**
   * Returns the settings with all values sealed. A value that is equal to the stored one keeps its stored text, so that
   * equal settings stay equal. Throws `master_key_missing`.
   */
  async seal(owner: HeaderOwner, push: PushSettings, stored: PushSettings | null): Promise<PushSettings> {
    const headers: [string, SealedText][] = [];
    for (const [name, value] of Object.entries(push.headers)) {
      headers.push([name, typeof value === "string" ? await this.#sealed(owner, name, value, stored) : value]);
    }
    return { ...push, headers: Object.fromEntries(headers) };
  }

  open(owner: HeaderOwner, push: PushSettings): Promise<readonly string[] | null> {
    let opened = this.#opened.get(push);
    if (opened === undefined) this.#opened.set(push, (opened = this.#openAll(owner, push)));
    return opened;
  }

  /** Seals the values with the first master key. Returns the same object if they stay as they are. */
  async reseal(owner: HeaderOwner, push: PushSettings): Promise<PushSettings> {
    let isSame = true;
    const headers: [string, string | SealedText][] = [];
    for (const [name, value] of Object.entries(push.headers)) {
      const again = (sealed: string) => this.#sealer.reseal(sealedName(owner, name), sealed);
      const resealed = typeof value === "string" ? value : await withSealed(value, again);
      isSame &&= resealed === value;
      headers.push([name, resealed]);
    }
    return isSame ? push : { ...push, headers: Object.fromEntries(headers) };
  }

  /** True if the configured master keys open every value. */
  opens({ headers }: PushSettings): boolean {
    return Object.values(headers).every((value) => typeof value === "string" || this.#sealer.opens(value.sealed));
  }

  async #sealed(owner: HeaderOwner, name: string, value: string, stored: PushSettings | null): Promise<SealedText> {
    this.#sealer.assertSeals();
    const before = stored !== null && Object.hasOwn(stored.headers, name) ? stored.headers[name] : undefined;
    if (typeof before === "object" && this.#sealer.isFresh(before.sealed)) {
      if ((await this.#open(owner, name, before)) === value) return before;
    }
    const k = Buffer.from(value).toString("base64url");
    return { sealed: await this.#sealer.seal(sealedName(owner, name), { kty: "oct", k }), bytes: value.length };
  }

  async #openAll(owner: HeaderOwner, { headers }: PushSettings): Promise<readonly string[] | null> {
    const opened: string[] = [];
    for (const [name, stored] of Object.entries(headers)) {
      const value = await this.#open(owner, name, stored);
      if (value === null) return null;
      opened.push(name, value);
    }
    return opened;
  }

  async #open(owner: HeaderOwner, name: string, value: string | SealedText): Promise<string | null> {
    if (typeof value === "string") return value;
    const jwk = await this.#sealer.open(sealedName(owner, name), value.sealed);
    return jwk?.kty === "oct" ? Buffer.from(jwk.k, "base64url").toString() : null;
  }
}

/** Contains a colon, which names of keys cannot contain. So a header cannot be opened as a key, nor the reverse. */
function sealedName({ topic, name }: HeaderOwner, header: string): string {
  return `push-header:${topic}/${name}/${header}`;
}
