import type { TimeMs } from "../../domain/model.ts";
import type { Clock, Timers } from "../../domain/ports.ts";
import type { Endpoint, PostResult, Transport, TransportErrorCode } from "../../transport/port.ts";

/** How an endpoint reacts to a POST. */
export type Reaction =
  | {
      readonly status: number;
      readonly afterMs: number;
      readonly body?: string;
      readonly headers?: Record<string, string>;
    }
  | { readonly error: Exclude<TransportErrorCode, "aborted" | "timeout">; readonly afterMs: number }
  /** No reply until the deadline. */
  | "hang";

export type Script = (post: Post) => Reaction;

/** One POST as the endpoint received it. */
export interface Post {
  readonly endpoint: Endpoint;
  /** Lower-case names. The values of a repeated name are joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly startedAtMs: TimeMs;
  /** POSTs to the same origin that were in flight when this one started. */
  readonly inFlightBefore: number;
  endedAtMs: TimeMs | null;
  result: PostResult | null;
}

const noReply = { status: 0, headers: {}, body: new Uint8Array() };

/** A transport to endpoints that react as a script says, in virtual time. */
export class ScriptedTransport implements Transport {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #scriptOf: (origin: string) => Script;
  readonly #posted: (post: Post) => void;
  readonly #inFlight = new Map<Post, (error: TransportErrorCode) => void>();
  readonly #perOrigin = new Map<string, number>();
  #closed = false;

  constructor(options: {
    readonly clock: Clock;
    readonly timers: Timers;
    readonly scriptOf: (origin: string) => Script;
    readonly posted: (post: Post) => void;
  }) {
    this.#clock = options.clock;
    this.#timers = options.timers;
    this.#scriptOf = options.scriptOf;
    this.#posted = options.posted;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  inFlightTo(origin: string): number {
    return this.#perOrigin.get(origin) ?? 0;
  }

  openSockets(): number {
    return this.#inFlight.size;
  }

  post(endpoint: Endpoint, headers: readonly string[], body: Uint8Array, done: (result: PostResult) => void): void {
    const { origin } = endpoint;
    const post: Post = {
      endpoint,
      headers: recordOf(headers),
      body,
      startedAtMs: this.#clock.now(),
      inFlightBefore: this.inFlightTo(origin),
      endedAtMs: null,
      result: null,
    };
    const end = (result: Omit<PostResult, "durationMs">): void => {
      if (!this.#inFlight.delete(post)) return;
      this.#perOrigin.set(origin, this.inFlightTo(origin) - 1);
      post.endedAtMs = this.#clock.now();
      post.result = { durationMs: post.endedAtMs - post.startedAtMs, ...result };
      done(post.result);
    };
    this.#inFlight.set(post, (error) => end({ error, ...noReply }));
    this.#perOrigin.set(origin, post.inFlightBefore + 1);
    this.#posted(post);
    if (this.#closed) this.#timers.soon(() => end({ error: "aborted", ...noReply }));
    else this.#react(post, end);
  }

  /** Like the real transport: ends POSTs in flight as `aborted`, and resolves after their results were reported. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const abort of this.#inFlight.values()) this.#timers.soon(() => abort("aborted"));
    await new Promise<void>((resolve) => this.#timers.soon(resolve));
  }

  #react(post: Post, end: (result: Omit<PostResult, "durationMs">) => void): void {
    const reaction = this.#scriptOf(post.endpoint.origin)(post);
    const { timeoutMs } = post.endpoint;
    if (reaction === "hang" || reaction.afterMs >= timeoutMs) {
      this.#timers.after(timeoutMs, () => end({ error: "timeout", ...noReply }));
    } else if ("error" in reaction) {
      this.#timers.after(reaction.afterMs, () => end({ error: reaction.error, ...noReply }));
    } else {
      const body = new TextEncoder().encode(reaction.body ?? "");
      this.#timers.after(reaction.afterMs, () =>
        end({ error: null, status: reaction.status, headers: reaction.headers ?? {}, body }),
      );
    }
  }
}

function recordOf(pairs: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let index = 0; index < pairs.length; index += 2) {
    const name = (pairs[index] ?? "").toLowerCase();
    const value = pairs[index + 1] ?? "";
    headers[name] = name in headers ? `${headers[name]},${value}` : value;
  }
  return headers;
}
