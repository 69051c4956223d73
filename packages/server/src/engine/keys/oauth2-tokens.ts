import type { AccountId, TimeMs } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import type { PostResult, Transport } from "../../transport/port.ts";
import type { OAuth2Client } from "./oauth2-client.ts";

/** Limits of OAuth2 tokens. */
const tokenLimits = {
  /** A token request may take this long, in addition to the attempt that needs the token. */
  requestMsMax: 10_000,
  replyBytesMax: 64 * 1024,
  tokenCharsMax: 8 * 1024,
  /** Lifetime of a token whose reply has no `expires_in`. */
  lifetimeMsDefault: 3600_000,
  lifetimeMsMax: 24 * 3600_000,
  /** A token is renewed this long before it expires, but never before four fifths of its lifetime. */
  renewalMsMax: 60_000,
  /** A token younger than this is not renewed when an endpoint refuses it. */
  ageMsMin: 10_000,
  /** Pause after a failed token request. It doubles with every failure in a row. */
  pauseMsMin: 1_000,
  pauseMsMax: 60_000,
  /** Tokens in memory. The token that was unused for longest is dropped. */
  tokensMax: 10_000,
} as const;

/** One token, or the failure of its last request. */
interface Entry {
  token: string | null;
  requestedAtMs: TimeMs;
  renewAtMs: TimeMs;
  expiresAtMs: TimeMs;
  /** No request before this time. */
  pausedUntilMs: TimeMs;
  failures: number;
  failure: PostResult;
  pending: Promise<string | PostResult> | null;
}

export interface OAuth2TokensOptions {
  readonly transport: Pick<Transport, "post">;
  readonly clock: Pick<Clock, "now">;
}

/**
 * Access tokens of OAuth2 clients. A token is requested once for all deliveries of an account that need it, and renewed
 * before it expires. Accounts never share a token. No error contains a secret or a token.
 */
export class OAuth2Tokens {
  readonly #transport: OAuth2TokensOptions["transport"];
  readonly #clock: OAuth2TokensOptions["clock"];
  /** Ordered by last use. The key is the account with the key of the client. */
  readonly #entries = new Map<string, Entry>();

  constructor({ transport, clock }: OAuth2TokensOptions) {
    this.#transport = transport;
    this.#clock = clock;
  }

  /** Returns the token, at once if it is cached. Without a token, returns the result of a POST that needs one. */
  token(account: AccountId, client: OAuth2Client): string | Promise<string | PostResult> {
    const entry = this.#entryOf(account, client);
    const nowMs = this.#clock.now();
    const mayRequest = entry.pending === null && nowMs >= entry.pausedUntilMs;
    if (entry.token !== null && nowMs < entry.expiresAtMs) {
      if (mayRequest && nowMs >= entry.renewAtMs) void this.#request(entry, client);
      return entry.token;
    }
    if (mayRequest) return this.#request(entry, client);
    return entry.pending ?? Promise.resolve(entry.failure);
  }

  /**
   * Called when an endpoint has refused a token with 401. Returns another token, or null if there is none now. A new
   * token is requested only if the refused one is not new itself.
   */
  async renewed(account: AccountId, client: OAuth2Client, refused: string): Promise<string | null> {
    const entry = this.#entryOf(account, client);
    const nowMs = this.#clock.now();
    if (entry.token === refused && entry.pending === null) {
      if (nowMs < Math.max(entry.requestedAtMs + tokenLimits.ageMsMin, entry.pausedUntilMs)) return null;
      entry.token = null;
    }
    const token = entry.pending === null ? await this.token(account, client) : await entry.pending;
    return typeof token === "string" && token !== refused ? token : null;
  }

  #entryOf(account: AccountId, { key }: OAuth2Client): Entry {
    const name = `${account} ${key}`;
    const entry = this.#entries.get(name) ?? newEntry();
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    if (this.#entries.size > tokenLimits.tokensMax) {
      const [eldest] = this.#entries.keys();
      if (eldest !== undefined) this.#entries.delete(eldest);
    }
    return entry;
  }

  #request(entry: Entry, client: OAuth2Client): Promise<string | PostResult> {
    entry.requestedAtMs = this.#clock.now();
    entry.pending = this.#post(client).then((result) => {
      entry.pending = null;
      const nowMs = this.#clock.now();
      const read = readToken(result, client.secret);
      if ("error" in read) {
        const pauseMs = Math.min(tokenLimits.pauseMsMin * 2 ** Math.min(entry.failures, 16), tokenLimits.pauseMsMax);
        entry.failures += 1;
        entry.pausedUntilMs = nowMs + pauseMs;
        entry.failure = read;
        return read;
      }
      const { token, lifetimeMs } = read;
      const renewalMs = Math.min(tokenLimits.renewalMsMax, lifetimeMs / 5);
      const expiresAtMs = entry.requestedAtMs + lifetimeMs;
      Object.assign(entry, { token, expiresAtMs, renewAtMs: expiresAtMs - renewalMs, failures: 0, pausedUntilMs: 0 });
      return token;
    });
    return entry.pending;
  }

  #post({ origin, path, headers, body }: OAuth2Client): Promise<PostResult> {
    const { requestMsMax: timeoutMs, replyBytesMax: wholeReplyBytesMax } = tokenLimits;
    const endpoint = { origin, path, connection: "close", timeoutMs, wholeReplyBytesMax } as const;
    return new Promise((resolve) => this.#transport.post(endpoint, headers, body, resolve));
  }
}

function newEntry(): Entry {
  const failure = tokenFailure("has not been sent");
  const times = { requestedAtMs: 0, renewAtMs: 0, expiresAtMs: 0, pausedUntilMs: 0 };
  return { token: null, ...times, failures: 0, failure, pending: null };
}

/** RFC 6749 sections 5.1 and 5.2. */
function readToken(result: PostResult, secret: string): PostResult | { token: string; lifetimeMs: number } {
  const { error, errorDetail = null, status, body } = result;
  if (error === "aborted") return result;
  if (error !== null) return tokenFailure(`failed: ${error}${errorDetail === null ? "" : `, ${errorDetail}`}`);
  const reply = parsed(body);
  if (status !== 200) {
    const code = reply?.["error"];
    const isCode = typeof code === "string" && /^[\w.-]{1,64}$/.test(code) && !code.includes(secret);
    return tokenFailure(`was answered with status ${status}${isCode ? ` and the error "${code}"` : ""}`);
  }
  if (reply === null) return tokenFailure("was answered with a reply that is no JSON object");
  const { access_token: token, token_type: type, expires_in: seconds } = reply;
  if (typeof token !== "string" || token.length > tokenLimits.tokenCharsMax || !/^[!-~]+$/.test(token)) {
    return tokenFailure("was answered without a usable access_token");
  }
  if (typeof type !== "string" || type.toLowerCase() !== "bearer") {
    return tokenFailure("was answered with a token_type other than Bearer");
  }
  const lifetimeMs = Number(seconds) > 0 ? Number(seconds) * 1000 : tokenLimits.lifetimeMsDefault;
  return { token, lifetimeMs: Math.min(lifetimeMs, tokenLimits.lifetimeMsMax) };
}

export function tokenFailure(what: string): PostResult {
  const errorDetail = `the OAuth2 token request ${what}`;
  return { durationMs: 0, error: "oauth2_failed", errorDetail, status: 0, headers: {}, body: new Uint8Array(0) };
}

function parsed(body: Uint8Array): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString());
    return typeof value === "object" ? (value as Readonly<Record<string, unknown>> | null) : null;
  } catch {
    return null;
  }
}
