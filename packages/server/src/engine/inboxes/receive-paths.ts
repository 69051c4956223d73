import { createHash } from "node:crypto";
import { AccountEntries } from "../../store/account-entries.ts";
import type { Store } from "../../store/store.ts";
import type { AccountId, TimeMs } from "../../domain/model.ts";
import { isReceiveToken, receiveTokenChars, receiveTokenPrefix } from "../../domain/inbox-rules.ts";
import { randomAlphanumerics } from "../keys/random-alphanumerics.ts";

/** The unguessable last part of an inbox's path, as the inbox's entry stores it. */
export interface ReceivePath {
  readonly token: string;
  /** The token that was replaced; valid until this steady time. */
  readonly previous: { readonly token: string; readonly untilMs: TimeMs } | null;
}

interface StoredTarget {
  readonly inbox: string;
}

/** The `@` makes the names unique over all accounts, because a sender does not know the account. */
const kind = "@inbox-path";

export interface ReceivePathsOptions {
  readonly store: Pick<Store, "entries">;
  readonly accountId: AccountId;
  /** Cryptographically secure random bytes. */
  readonly randomBytes: (count: number) => Uint8Array;
}

/**
 * Finds inboxes by token. The entry of a token has the token's hash as its name, so that the time of a lookup reveals
 * nothing of other tokens. An entry alone opens nothing: the inbox must have the token too.
 */
export class ReceivePaths {
  readonly #entries: AccountEntries<StoredTarget>;
  readonly #randomBytes: ReceivePathsOptions["randomBytes"];

  constructor({ store, accountId, randomBytes }: ReceivePathsOptions) {
    this.#entries = new AccountEntries(store, accountId, kind);
    this.#randomBytes = randomBytes;
  }

  newToken(): string {
    return receiveTokenPrefix + randomAlphanumerics(this.#randomBytes, receiveTokenChars);
  }

  /** Makes the inbox findable by its token. Throws `entry_limit`. */
  async add(token: string, inbox: string): Promise<void> {
    await this.#entries.put(hashOf(token), { inbox });
  }

  async remove(token: string | undefined): Promise<void> {
    if (token !== undefined) await this.#entries.delete(hashOf(token));
  }

  /** Returns the name of the inbox of this account that had this token when the token was made. */
  async find(token: string): Promise<string | null> {
    const entry = isReceiveToken(token) ? await this.#entries.get(hashOf(token)) : null;
    return entry && entry.value.inbox;
  }
}

/** Returns the account with an inbox that had this token when the token was made. */
export async function accountOfToken({ entries }: Pick<Store, "entries">, token: string): Promise<AccountId | null> {
  const found = isReceiveToken(token) ? await entries.find(kind, hashOf(token)) : null;
  return found && found.accountId;
}

/** True if the inbox has the token now. */
export function hasToken({ token, previous }: ReceivePath, given: string, nowMs: TimeMs): boolean {
  return given === token || (previous !== null && given === previous.token && nowMs < previous.untilMs);
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}
