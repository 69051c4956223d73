import type { Grant } from "../../domain/access-rules.ts";
import { systemTimers, type Clock } from "../../domain/ports.ts";
import type { Store } from "../../store/store.ts";
import { apiKeyKind } from "./account-api-keys.ts";
import type { KeyIdentity } from "./api-keys.ts";

export interface KeyWatchOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Returns null if there is no such key, or if it is not valid any more. */
  readonly identityOf: (keyId: string) => Promise<KeyIdentity | null>;
  /** Whether requests without a key may do everything. */
  readonly isOpen: () => Promise<boolean>;
  readonly failed: (error: unknown) => void;
}

/** A caller with the rights that its request was admitted with. */
export interface WatchedCaller extends Grant {
  readonly keyId: string | null;
}

interface Watched {
  readonly caller: WatchedCaller;
  readonly ended: () => void;
  cancelTimer: (() => void) | null;
}

/** The `keyId` of requests with the operator's token, which stays valid while the server runs. */
export const operatorTokenId = "operator-token";

/** The machine's clock can be set while a request waits, so that the time of expiry is read again after this time. */
const checkAgainMs = 60_000;

/** Notifies requests that take long, such as event streams, when their caller's key is no longer valid. */
export class KeyWatch {
  readonly #options: KeyWatchOptions;
  readonly #watched = new Set<Watched>();

  constructor(options: KeyWatchOptions) {
    this.#options = options;
    // Other nodes report their changes too.
    options.store.entries.onChange((change) => {
      if (change !== null && change.kind !== apiKeyKind) return;
      for (const watched of this.#watched) {
        const { keyId } = watched.caller;
        if (change === null || keyId === null || keyId === change.name) void this.#check(watched);
      }
    });
  }

  /**
   * Calls `ended` once: when the key was revoked, has expired or has got other rights, or when the caller has no key
   * and the server is no longer open. The returned function ends the watch.
   */
  whenInvalid(caller: WatchedCaller, ended: () => void): () => void {
    if (caller.keyId === operatorTokenId) return () => {};
    const watched: Watched = { caller, ended, cancelTimer: null };
    this.#watched.add(watched);
    // The key may have changed since the request was admitted.
    void this.#check(watched);
    return () => this.#forget(watched);
  }

  #forget(watched: Watched): void {
    this.#watched.delete(watched);
    watched.cancelTimer?.();
  }

  async #check(watched: Watched): Promise<void> {
    try {
      const valid = await this.#validityOf(watched.caller);
      if (!this.#watched.has(watched)) return;
      watched.cancelTimer?.();
      if (valid === null) {
        this.#forget(watched);
        watched.ended();
      } else if (valid.expiresAtMs !== null) {
        const delayMs = Math.min(Math.ceil(valid.expiresAtMs - this.#options.clock.wall()), checkAgainMs);
        watched.cancelTimer = systemTimers.after(delayMs, () => void this.#check(watched));
      }
    } catch (error) {
      this.#options.failed(error);
    }
  }

  /** Returns null if the caller may no longer make its request. */
  async #validityOf(caller: WatchedCaller): Promise<Pick<KeyIdentity, "expiresAtMs"> | null> {
    if (caller.keyId === null) return (await this.#options.isOpen()) ? { expiresAtMs: null } : null;
    const identity = await this.#options.identityOf(caller.keyId);
    return identity !== null && rightsOf(identity) === rightsOf(caller) ? identity : null;
  }
}

function rightsOf({ role, topics, allAccounts }: Grant): string {
  return JSON.stringify([role, topics, allAccounts]);
}
