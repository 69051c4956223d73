/** The interface through which the engine POSTs. Tests implement it without a network. */

import type { AccountId } from "../domain/model.ts";
import type { TlsIdentity } from "./tls-identity.ts";

export type TransportErrorCode =
  | "timeout"
  | "dns_failed"
  | "address_denied"
  | "connect_refused"
  | "connect_failed"
  | "connection_reset"
  | "tls_failed"
  /** The egress proxy failed or refused the connection. */
  | "proxy_failed"
  /** Reported by the engine: the endpoint needs an OAuth2 token, and there is none. */
  | "oauth2_failed"
  | "bad_reply"
  /** Possible only for endpoints with `wholeReplyBytesMax`. */
  | "reply_too_large"
  | "aborted";

/** Parsed once per subscription, used for every attempt. */
export interface Endpoint {
  /** `http://host:port`, or the same with https, ws, wss or tcp. `queue:NAME` is a queue of the account. */
  readonly origin: string;
  /** The account that sends. Left out: no endpoint of the transport depends on the account. */
  readonly accountId?: AccountId;
  /** Path with query; starts with `/`. For tcp it is `/?byteOrder=big` or `/?byteOrder=little`. */
  readonly path: string;
  /** For http and https. Left out: POST. */
  readonly method?: "POST" | "OPTIONS";
  readonly connection: "keep-alive" | "close";
  /** Only endpoints with the same key share connections. Left out: the origin. */
  readonly connectionsKey?: string | undefined;
  /** For https and wss. Only endpoints with the same object share connections. */
  readonly tls?: TlsIdentity | undefined;
  /** True: the request has no `Accept-Encoding: identity`. */
  readonly isHeadFixed?: boolean;
  /** Limits the whole attempt: name lookup, connecting, headers and body. */
  readonly timeoutMs: number;
  /**
   * Limit of a reply that is needed as a whole. A longer reply ends as `reply_too_large`. null: only the first bytes
   * are kept and the status decides, whatever the length of the reply.
   */
  readonly wholeReplyBytesMax: number | null;
  /**
   * Called before bytes of a whole reply are kept, to count them in a memory budget. False ends the reply as
   * `reply_too_large`.
   */
  readonly takeReplyBytes?: (bytes: number) => boolean;
  /**
   * Called with the head of the HTTP request as it is written, one character per byte. Called once more if the request
   * is sent again.
   */
  readonly headWritten?: (head: string) => void;
  /**
   * True: the result has `timings` and `replyLines`, and up to `limits.exchangeBodyBytesMax` bytes of the reply are
   * kept.
   */
  readonly isObserved?: boolean;
  /** Called when a connection is open, before the first byte is written. False ends the POST as `aborted`. */
  readonly maySend?: () => boolean;
}

/** How long the steps of a POST took, in milliseconds. null: the step did not take place, or did not end. */
export interface PostTimings {
  /** The look-up of the name. null too where the connection existed, or the name is an address. */
  readonly lookupMs: number | null;
  /** The opening of the TCP connection. null too where it existed. */
  readonly connectMs: number | null;
  /** The TLS handshake. null too where the connection existed, or has no TLS. */
  readonly tlsMs: number | null;
  /** From the writing of the request to the status of the reply. */
  readonly firstByteMs: number | null;
  /** From the status of the reply to its end. */
  readonly bodyMs: number | null;
}

export interface PostResult {
  readonly durationMs: number;
  /** null: a reply came, or the message was sent over a protocol without replies (TCP, WebSocket). */
  readonly error: TransportErrorCode | null;
  /**
   * The exact cause of the error, in words. null or absent without an error, or if nothing is known besides the code.
   * Contains no address of the receiver for the codes `timeout`, `bad_reply` and `reply_too_large`.
   */
  readonly errorDetail?: string | null;
  /** 0: no readable status line came. */
  readonly status: number;
  /** Lower-case names; the first value of a repeated header. Empty when no reply came. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * The first bytes of the reply, at most `limits.replyKeptBytes`. For an endpoint with `wholeReplyBytesMax`, the whole
   * reply, or the received part after an error. A compressed reply (gzip, deflate, br) is decompressed, within the same
   * limits.
   */
  readonly body: Uint8Array;
  /** Only for an endpoint with `isObserved`, and not for TCP and WebSockets. */
  readonly timings?: PostTimings;
  /** Only for an endpoint with `isObserved`: the headers of the reply as they came, name, value, name, value … */
  readonly replyLines?: readonly string[];
  /** True: the reply had more bytes than `body`. */
  readonly isCut?: boolean;
  /** True: the reply had more bytes than `limits.replyBytesMax`, so the connection was closed. */
  readonly isTooLong?: boolean;
}

export interface Transport {
  /**
   * POSTs once and never throws. Calls `done` exactly once, after `post` has returned. A callback is cheaper than a
   * promise, and this runs once per delivery.
   */
  post(endpoint: Endpoint, headers: readonly string[], body: Uint8Array, done: (result: PostResult) => void): void;
  openSockets(): number;
  /** Ends POSTs in flight as `aborted` and closes all sockets. */
  close(): Promise<void>;
}
