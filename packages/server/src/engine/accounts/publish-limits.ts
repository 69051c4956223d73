import type { AccountLimits, LimitName, LimitsOf } from "../../domain/account-limits.ts";
import { RingbackError } from "../../domain/errors.ts";
import type { AccountId, NewMessage } from "../../domain/model.ts";
import { engineLimits } from "../engine-limits.ts";
import type { EngineServices } from "../services.ts";
import { StoredBytes } from "./stored-bytes.ts";
import { TokenBucket } from "./token-bucket.ts";

export interface PublishLimitsOptions extends Pick<EngineServices, "store" | "clock" | "timers" | "failed"> {
  readonly limitsOf: LimitsOf;
  /** Called before an error is thrown because of a limit. */
  readonly refused?: (accountId: AccountId, limit: LimitName) => void;
}

/**
 * Refuses messages past the limits of their account: messages per second, and bytes stored. Both are counted in memory,
 * so an account without limits costs one lookup. The state of an account is read from the store in the background,
 * while the account publishes.
 */
export class PublishLimits {
  readonly #options: PublishLimitsOptions;
  readonly #stored: StoredBytes;
  readonly #buckets = new Map<AccountId, TokenBucket>();
  /** Accounts that have published since the last refresh. */
  #active = new Set<AccountId>();
  /** Nodes that share the rate of an account. Each node allows its part. */
  #nodeCount = 1;
  #refreshedAtMs = -Infinity;
  #cancelTimer: (() => void) | null = null;
  #refreshing: Promise<void> | null = null;
  #stopped = false;

  constructor(options: PublishLimitsOptions) {
    this.#options = options;
    this.#stored = new StoredBytes(options.store);
  }

  /** Throws `account_rate_limit` and `account_storage_limit`, and `account_not_found` for an account being deleted. */
  admit(accountId: AccountId, messages: readonly NewMessage[]): void {
    const limits = this.#options.limitsOf(accountId);
    if (limits.publishesPerSecondMax === null && limits.storedBytesMax === null) return;
    this.#active.add(accountId);
    this.#refreshSoon();
    if (limits.storedBytesMax !== null) this.#admitBytes(accountId, messages, limits.storedBytesMax);
    if (limits.publishesPerSecondMax !== null) this.#admitRate(accountId, messages.length, limits);
    if (limits.storedBytesMax !== null) this.#stored.accepted(accountId, bytesOf(messages));
  }

  #admitBytes(accountId: AccountId, messages: readonly NewMessage[], bytesMax: number): void {
    if (this.#stored.of(accountId) + bytesOf(messages) <= bytesMax) return;
    this.#options.refused?.(accountId, "storedBytesMax");
    throw RingbackError.at(
      "account_storage_limit",
      "limits.storedBytesMax",
      `the messages of the account may have at most ${bytesMax} bytes together`,
    );
  }

  #admitRate(accountId: AccountId, count: number, { publishesPerSecondMax }: AccountLimits): void {
    const perSecond = publishesPerSecondMax as number;
    let bucket = this.#buckets.get(accountId);
    if (bucket === undefined) this.#buckets.set(accountId, (bucket = new TokenBucket()));
    const waitMs = bucket.take(count, perSecond / this.#nodeCount, this.#options.clock.now());
    if (waitMs === 0) return;
    this.#options.refused?.(accountId, "publishesPerSecondMax");
    const fault = `the account may publish at most ${perSecond} messages a second`;
    throw new RingbackError("account_rate_limit", `limits.publishesPerSecondMax: ${fault}`, {
      details: [{ field: "limits.publishesPerSecondMax", message: fault }],
      retryAfterS: Math.ceil(waitMs / 1000),
    });
  }

  forget(accountId: AccountId): void {
    this.#active.delete(accountId);
    this.#buckets.delete(accountId);
    this.#stored.forget(accountId);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer?.();
    await this.#refreshing;
  }

  #refreshSoon(): void {
    if (this.#cancelTimer !== null || this.#refreshing !== null || this.#stopped) return;
    const { clock, timers } = this.#options;
    const delayMs = Math.max(0, this.#refreshedAtMs + engineLimits.accountUsageMs - clock.now());
    this.#cancelTimer = timers.after(delayMs, () => {
      this.#cancelTimer = null;
      this.#refreshing = this.#refresh().finally(() => {
        this.#refreshing = null;
        this.#refreshedAtMs = clock.now();
        if (this.#active.size > 0) this.#refreshSoon();
      });
    });
  }

  async #refresh(): Promise<void> {
    const { store, limitsOf, failed } = this.#options;
    const accounts = this.#active;
    this.#active = new Set();
    try {
      this.#nodeCount = Math.max(1, (await store.cluster.nodes()).filter(({ isAlive }) => isAlive).length);
      for (const accountId of accounts) {
        if (this.#stopped) return;
        if (limitsOf(accountId).storedBytesMax !== null) await this.#stored.count(accountId);
      }
    } catch (error) {
      // `account_not_found`: the account was deleted in the meantime.
      if (!(error instanceof RingbackError)) failed(error);
    }
  }
}

function bytesOf(messages: readonly NewMessage[]): number {
  let bytes = 0;
  for (const { body } of messages) bytes += body.byteLength;
  return bytes;
}
