import { lookup } from "node:dns";
import { describeError } from "./failure.ts";
import { transportLimits } from "./limits.ts";
import type { Clock, TimeMs } from "./time.ts";

/** Looks up a name's addresses. Calls `done` exactly once, during the call or later. */
export type NameResolver = (name: string, done: (error: Error | null, addresses: readonly string[]) => void) => void;

/** The operating system's resolver: hosts file, name service switch, DNS. */
export const systemResolver: NameResolver = (name, done) => {
  lookup(name, { all: true, order: "verbatim" }, (error, entries) => {
    const addresses = error === null ? entries.map(({ address }) => address) : [];
    done(error, addresses);
  });
};

export interface NameCacheOptions {
  readonly resolver: NameResolver;
  readonly clock: Clock;
  readonly namesMax?: number;
  readonly lookupsInFlightMax?: number;
  readonly lookupsWaitingMax?: number;
}

/** Called with null if the name has no address or the lookup failed. `fault`: the reason. */
type Listener = (addresses: readonly string[] | null, fault: string | null) => void;

interface Entry {
  addresses: readonly string[] | null;
  /** Why there are no addresses. */
  fault: string | null;
  resolvedAtMs: TimeMs;
  /** No new lookup before this time. */
  lookupAfterMs: TimeMs;
}

interface Lookup {
  readonly name: string;
  readonly listeners: Set<Listener>;
}

/**
 * Caches the resolver's results for a short time. Runs one lookup per name at a time, and a limited number of lookups
 * in total. The address guard checks the addresses for every connection, even if they come from the cache.
 */
export class NameCache {
  readonly #options: Required<NameCacheOptions>;
  /** Ordered by last use. The least recently used entry is the first. */
  readonly #entries = new Map<string, Entry>();
  readonly #lookups = new Map<string, Lookup>();
  readonly #waiting = new Set<Lookup>();
  #inFlight = 0;

  constructor(options: NameCacheOptions) {
    const { namesMax, lookupsInFlightMax, lookupsWaitingMax } = transportLimits;
    this.#options = { namesMax, lookupsInFlightMax, lookupsWaitingMax, ...options };
  }

  get size(): number {
    return this.#entries.size;
  }

  /**
   * Calls `done` before returning if the result is cached. The returned function cancels the lookup for this caller.
   */
  lookup(name: string, done: Listener): () => void {
    const entry = this.#use(name);
    if (entry !== undefined) {
      const nowMs = this.#options.clock.now();
      const ageMs = nowMs - entry.resolvedAtMs;
      const usable = entry.addresses === null ? nowMs < entry.lookupAfterMs : ageMs < transportLimits.nameStaleMsMax;
      if (usable) {
        if (nowMs >= entry.lookupAfterMs) this.#request(name, ignoreResult);
        done(entry.addresses, entry.fault);
        return nothingToCancel;
      }
    }
    return this.#request(name, done);
  }

  /**
   * Called when no address of the name could be reached. The addresses may have changed, so the next lookup is made
   * sooner than usual.
   */
  unreachable(name: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    entry.lookupAfterMs = Math.min(entry.lookupAfterMs, entry.resolvedAtMs + transportLimits.nameFailedMs);
  }

  #use(name: string): Entry | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    return entry;
  }

  #request(name: string, done: Listener): () => void {
    const pending = this.#lookups.get(name);
    const lookup: Lookup = pending ?? { name, listeners: new Set() };
    if (pending === undefined) {
      if (this.#waiting.size >= this.#options.lookupsWaitingMax) {
        done(null, "too many names are being looked up");
        return nothingToCancel;
      }
      this.#lookups.set(name, lookup);
      this.#waiting.add(lookup);
    }
    lookup.listeners.add(done);
    this.#startWaiting();
    return () => {
      lookup.listeners.delete(done);
      if (lookup.listeners.size === 0 && this.#waiting.delete(lookup)) this.#lookups.delete(name);
    };
  }

  #startWaiting(): void {
    for (const lookup of this.#waiting) {
      if (this.#inFlight >= this.#options.lookupsInFlightMax) return;
      this.#waiting.delete(lookup);
      this.#inFlight += 1;
      this.#options.resolver(lookup.name, (error, addresses) => {
        this.#inFlight -= 1;
        if (error === null && addresses.length > 0) this.#finish(lookup, addresses, null);
        else this.#finish(lookup, null, error === null ? "the name has no address" : describeError(error));
      });
    }
  }

  #finish(lookup: Lookup, addresses: readonly string[] | null, fault: string | null): void {
    this.#lookups.delete(lookup.name);
    const result = this.#keep(lookup.name, addresses, fault);
    for (const listener of lookup.listeners) listener(result, fault);
    this.#startWaiting();
  }

  /** A failed lookup does not replace a usable result, because resolvers fail more often than addresses change. */
  #keep(name: string, addresses: readonly string[] | null, fault: string | null): readonly string[] | null {
    const nowMs = this.#options.clock.now();
    const known = this.#use(name);
    if (addresses === null && known !== undefined && known.addresses !== null) {
      if (nowMs - known.resolvedAtMs < transportLimits.nameStaleMsMax) {
        known.lookupAfterMs = nowMs + transportLimits.nameFailedMs;
        return known.addresses;
      }
    }
    const freshMs = addresses === null ? transportLimits.nameFailedMs : transportLimits.nameFreshMs;
    this.#entries.set(name, { addresses, fault, resolvedAtMs: nowMs, lookupAfterMs: nowMs + freshMs });
    if (this.#entries.size > this.#options.namesMax) {
      const [eldest] = this.#entries.keys();
      if (eldest !== undefined) this.#entries.delete(eldest);
    }
    return addresses;
  }
}

function nothingToCancel(): void {}

/** The listener of a lookup that only refreshes the cache. */
function ignoreResult(): void {}
