import { lookup } from "node:dns";
import { transportLimits } from "./limits.ts";
import type { Clock, TimeMs } from "./time.ts";

/** A name's addresses. May answer at once or later, and must answer once. */
export type NameResolver = (name: string, done: (error: Error | null, addresses: readonly string[]) => void) => void;

/** As the machine resolves: hosts file, name service switch, DNS. */
export const systemResolver: NameResolver = (name, done) => {
  lookup(name, { all: true, order: "verbatim" }, (error, found) => {
    if (error) done(error, []);
    else
      done(
        null,
        found.map((entry) => entry.address),
      );
  });
};

export interface NameCacheOptions {
  readonly resolver: NameResolver;
  readonly clock: Clock;
  readonly namesMax?: number;
  readonly lookupsInFlightMax?: number;
  readonly lookupsWaitingMax?: number;
}

/** null: the name has no address, or nobody could say. */
type Listener = (addresses: readonly string[] | null) => void;

interface Entry {
  addresses: readonly string[] | null;
  foundAtMs: TimeMs;
  /** No new lookup before this time. */
  lookupAfterMs: TimeMs;
}

interface Lookup {
  readonly name: string;
  readonly listeners: Set<Listener>;
  /** Wanted even with no listener. */
  refresh: boolean;
}

/**
 * Answers of the resolver, kept for a short while. One lookup per name at a time, whoever asks; a bounded number at a time
 * in all. What it answers is not trusted: the address guard judges it at every connection.
 */
export class NameCache {
  private readonly resolver: NameResolver;
  private readonly clock: Clock;
  private readonly namesMax: number;
  private readonly lookupsInFlightMax: number;
  private readonly lookupsWaitingMax: number;
  /** Least recently used first. */
  private readonly entries = new Map<string, Entry>();
  private readonly lookups = new Map<string, Lookup>();
  private readonly waiting = new Set<Lookup>();
  private inFlight = 0;

  constructor(options: NameCacheOptions) {
    this.resolver = options.resolver;
    this.clock = options.clock;
    this.namesMax = options.namesMax ?? transportLimits.namesMax;
    this.lookupsInFlightMax = options.lookupsInFlightMax ?? transportLimits.lookupsInFlightMax;
    this.lookupsWaitingMax = options.lookupsWaitingMax ?? transportLimits.lookupsWaitingMax;
  }

  get size(): number {
    return this.entries.size;
  }

  /** Answers at once when it can. The returned function takes the question back. */
  lookup(name: string, done: Listener): () => void {
    const entry = this.use(name);
    if (entry !== undefined) {
      const nowMs = this.clock.now();
      const ageMs = nowMs - entry.foundAtMs;
      const usable = entry.addresses === null ? nowMs < entry.lookupAfterMs : ageMs < transportLimits.nameStaleMsMax;
      if (usable) {
        if (nowMs >= entry.lookupAfterMs) this.refresh(name);
        done(entry.addresses);
        return nothingToCancel;
      }
    }
    return this.ask(name, done);
  }

  /** Nothing answered at the addresses of this name: they may have changed, so look again soon. */
  doubt(name: string): void {
    const entry = this.entries.get(name);
    if (entry === undefined) return;
    entry.lookupAfterMs = Math.min(entry.lookupAfterMs, entry.foundAtMs + transportLimits.nameFailedMs);
  }

  private use(name: string): Entry | undefined {
    const entry = this.entries.get(name);
    if (entry === undefined) return undefined;
    this.entries.delete(name);
    this.entries.set(name, entry);
    return entry;
  }

  private ask(name: string, done: Listener): () => void {
    const lookup = this.enqueue(name);
    if (lookup === null) {
      done(null);
      return nothingToCancel;
    }
    lookup.listeners.add(done);
    this.startWaiting();
    return () => {
      lookup.listeners.delete(done);
      if (lookup.listeners.size === 0 && !lookup.refresh && this.waiting.delete(lookup)) this.lookups.delete(name);
    };
  }

  private refresh(name: string): void {
    const lookup = this.enqueue(name);
    if (lookup === null) return;
    lookup.refresh = true;
    this.startWaiting();
  }

  /** null: too many are waiting. */
  private enqueue(name: string): Lookup | null {
    const pending = this.lookups.get(name);
    if (pending !== undefined) return pending;
    if (this.waiting.size >= this.lookupsWaitingMax) return null;
    const lookup: Lookup = { name, listeners: new Set(), refresh: false };
    this.lookups.set(name, lookup);
    this.waiting.add(lookup);
    return lookup;
  }

  private startWaiting(): void {
    for (const lookup of this.waiting) {
      if (this.inFlight >= this.lookupsInFlightMax) return;
      this.waiting.delete(lookup);
      this.inFlight += 1;
      this.resolver(lookup.name, (error, addresses) => {
        this.inFlight -= 1;
        this.finish(lookup, error === null && addresses.length > 0 ? addresses : null);
      });
    }
  }

  private finish(lookup: Lookup, addresses: readonly string[] | null): void {
    this.lookups.delete(lookup.name);
    const answer = this.keep(lookup.name, addresses);
    for (const listener of lookup.listeners) listener(answer);
    this.startWaiting();
  }

  /** A failed lookup does not displace an answer that is still usable: resolvers fail more often than names move. */
  private keep(name: string, addresses: readonly string[] | null): readonly string[] | null {
    const nowMs = this.clock.now();
    const known = this.use(name);
    if (addresses === null && known !== undefined && known.addresses !== null) {
      if (nowMs - known.foundAtMs < transportLimits.nameStaleMsMax) {
        known.lookupAfterMs = nowMs + transportLimits.nameFailedMs;
        return known.addresses;
      }
    }
    const restMs = addresses === null ? transportLimits.nameFailedMs : transportLimits.nameFreshMs;
    this.entries.set(name, { addresses, foundAtMs: nowMs, lookupAfterMs: nowMs + restMs });
    if (this.entries.size > this.namesMax) {
      const [eldest] = this.entries.keys();
      if (eldest !== undefined) this.entries.delete(eldest);
    }
    return addresses;
  }
}

function nothingToCancel(): void {}
