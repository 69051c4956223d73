import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { AccountId, TimeMs } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import type { KeyIdentity } from "./api-keys.ts";

export interface KeyUsesOptions {
  readonly clock: Clock;
  readonly write: (accountId: AccountId, id: string, atMs: TimeMs) => Promise<void>;
  /** Receives the errors of writes. A lost time of last use is harmless. */
  readonly failed: (error: unknown) => void;
}

/** Writes when each API key was last used, at most once in `limits.apiKeyUseWrittenMs`. */
export class KeyUses {
  readonly #options: KeyUsesOptions;
  readonly #writtenAtMs = new Map<string, TimeMs>();
  readonly #writing = new Set<Promise<void>>();

  constructor(options: KeyUsesOptions) {
    this.#options = options;
  }

  record({ accountId, id }: Pick<KeyIdentity, "accountId" | "id">): void {
    const { clock, write, failed } = this.#options;
    const nowMs = clock.now();
    const writtenAtMs = this.#writtenAtMs.get(id);
    if (writtenAtMs !== undefined && nowMs - writtenAtMs < limits.apiKeyUseWrittenMs) return;
    if (this.#writtenAtMs.size >= limits.recentApiKeysMax) this.#writtenAtMs.clear();
    this.#writtenAtMs.set(id, nowMs);
    const writing = write(accountId, id, clock.wall())
      .catch((error: unknown) => {
        // While the database cannot be written, the times of last use are not exact.
        if (!(error instanceof RingbackError)) failed(error);
      })
      .finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#writing);
  }
}
