/** The engine's way to POST. The guarded HTTP client implements it; a simulator can too. */

export type TransportErrorCode =
  | "timeout"
  | "dns_failed"
  | "address_denied"
  | "connect_refused"
  | "connect_failed"
  | "connection_reset"
  | "tls_failed"
  | "bad_reply"
  /** Only where the whole reply was asked for. */
  | "reply_too_large"
  | "aborted";

/** Parsed once per subscription, used for every attempt. */
export interface Endpoint {
  /**
   * `http://host:port`, and the same with https, ws, wss or tcp: the scheme decides how the message travels. `queue:NAME` stays in
   * the house.
   */
  readonly origin: string;
  /** Path with query; starts with `/`. For tcp it is `/?byteOrder=big` or `/?byteOrder=little`. */
  readonly path: string;
  readonly connection: "keep-alive" | "close";
  /** Covers name lookup, connecting, headers and body. */
  readonly timeoutMs: number;
  /**
   * The whole reply is wanted, up to so many bytes; a longer one ends as `reply_too_large`. null: its first bytes are
   * kept, and however long it is, its status decides.
   */
  readonly wholeReplyBytesMax: number | null;
  /**
   * Asked before a piece of a whole reply is kept, for callers that share a bound on what all their replies may hold:
   * false ends the reply as `reply_too_large`. Left out: yes.
   */
  readonly takeReplyBytes?: (bytes: number) => boolean;
  /**
   * Asked on every way when a connection is open and before the first byte is written, which may be long after the call: false
   * ends the POST as `aborted`. Left out: yes.
   */
  readonly maySend?: () => boolean;
}

export interface PostResult {
  readonly durationMs: number;
  /** null when a whole reply did come. */
  readonly error: TransportErrorCode | null;
  /** 0 when no status line came; with no error that is a message handed over where there are no replies (TCP, WebSocket). */
  readonly status: number;
  /** Lower-case names; of repeated ones the first value. Empty when no reply came. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * The reply's first bytes, at most `limits.replyKeptBytes`; the whole of it where that was asked for, and with an error
   * as much of that as had come and fits.
   */
  readonly body: Uint8Array;
}

export interface Transport {
  /**
   * POSTs once. Never throws and never rejects: every end is a result, handed over exactly once, later than the call.
   * A callback, not a promise: this runs once per delivery.
   */
  post(endpoint: Endpoint, headers: readonly string[], body: Uint8Array, done: (result: PostResult) => void): void;
  openSockets(): number;
  /** Ends what is in flight as `aborted`, closes every socket. */
  close(): Promise<void>;
}
