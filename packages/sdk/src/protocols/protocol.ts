/**
 * The contract of a push dialect. The sender's half encodes a message and interprets the reply; the receiver's half
 * decodes the message and encodes the reply. Dialects are pure: no I/O, no clock, no randomness. Dialects that sign
 * return promises, because the Web Cryptography API does; the others return values.
 */

import type { Jwk, ProtocolKey, Trust } from "./key.ts";

/** One message for one subscription, with everything that a dialect can send. */
export interface OutgoingDelivery {
  /** The numeric app id of the account that owns the topic. */
  readonly topicOwner: number;
  readonly topic: string;
  readonly subscription: string;
  /** An unsigned 64-bit integer as a decimal string; the same for every attempt. */
  readonly messageId: string;
  /** An unsigned integer as a decimal string; different for every attempt. */
  readonly requestId: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** Unix time in milliseconds. */
  readonly publishedAtMs: number;
  /** The start of this attempt in Unix milliseconds, from which signatures take their timestamp. */
  readonly sentAtMs: number;
  /** The message's bytes exactly as published. */
  readonly body: Uint8Array;
  /** The content type that the publisher set; null when there is none. */
  readonly contentType: string | null;
  readonly tags: readonly string[];
  /** The message's type: words joined by dots, such as `invoice.payment_failed`. In CMQ it is the routing key. */
  readonly type: string | null;
  readonly orderingKey: string | null;
  readonly attributes: Readonly<Record<string, string>>;
}

/** The request to POST. The transport adds Host, Content-Length, Connection, and the subscription's own headers. */
export interface EncodedRequest {
  /** Name, value, name, value … Values have one character per byte; text that is not ASCII is UTF-8. */
  readonly headers: readonly string[];
  readonly body: Uint8Array;
  /** Parameters that are added to the query of the endpoint's URL, such as `sign=…`. They must be percent-encoded. */
  readonly query?: string | undefined;
}

/** The part of a reply that a dialect can use. */
export interface PushReply {
  readonly status: number;
  /** The names are in lower case. A repeated header has its first value. Values have one character per byte. */
  readonly headers: Readonly<Record<string, string>>;
  /** The first bytes of the body, up to the transport's limit. */
  readonly body: Uint8Array;
}

/** The meaning of a reply for the delivery. */
export type Verdict =
  /** The receiver accepted the message. */
  | { readonly kind: "accepted" }
  /**
   * The retry policy schedules another attempt, not earlier than `retryAfter`. `code` is stable and machine-readable.
   * `refused`: the status is a success, but the body is not. `detail` is what the receiver says about it, for people.
   */
  | {
      readonly kind: "failed";
      readonly code: "http_status" | "redirect" | "refused";
      readonly retryAfter: RetryAfter | null;
      readonly detail?: string;
    }
  /** The endpoint reports that it will never accept messages again, so the subscription is disabled. */
  | { readonly kind: "gone" };

/** The value of a `Retry-After` header (RFC 9110 section 10.2.3): a delay, or a point in time in Unix milliseconds. */
export type RetryAfter = { readonly delayMs: number } | { readonly atMs: number };

/** A request as the receiving program got it. */
export interface IncomingRequest {
  readonly method: string;
  /** Path and query of the request line. Only dialects that are signed in the query need it. */
  readonly path?: string;
  /** The names are in lower case. Values have one character per byte, as in Node and Fetch. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

/** A decoded push. Members that the dialect does not transmit are null or empty. */
export interface IncomingMessage extends Pick<
  OutgoingDelivery,
  "body" | "contentType" | "tags" | "type" | "orderingKey" | "attributes"
> {
  readonly protocol: string;
  readonly topicOwner: string | null;
  readonly topic: string | null;
  readonly subscription: string | null;
  readonly messageId: string | null;
  readonly requestId: string | null;
  readonly attempt: number | null;
  readonly publishedAtMs: number | null;
}

/** The answer of the receiving program. */
export interface ReceiverReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** One push dialect: the sender's half and the receiver's half. */
export interface PushProtocol {
  readonly name: string;
  /**
   * Set if the protocol's document prints every header of the request, so that the server adds none of its own. The
   * members are the names of the headers with the two ids, in lower case.
   */
  readonly fixedHead?: { readonly messageId: string; readonly requestId: string };
  /** True: whoever knows the endpoint's URL can send to it, so the URL is a secret. */
  readonly isUrlSecret?: true;
  /**
   * `required`: the sender signs with at least one key, and the receiver verifies with at least one. `optional`: they
   * do so if they have a key.
   */
  readonly keys: "none" | "optional" | "required";
  /** Sender: describes why this key cannot sign, without revealing a part of the key. Returns null for a usable key. */
  readonly keyFault?: (jwk: Jwk) => string | null;
  /** Sender: the most keys to sign with. Default: no limit. */
  readonly signingKeysMax?: number;
  /** Receiver: describes why this key cannot verify. Otherwise like `keyFault`. */
  readonly verifyingKeyFault?: (jwk: Jwk) => string | null;
  /** Receiver: the most keys to verify with. Default: no limit. */
  readonly verifyingKeysMax?: number;
  /**
   * Receiver: the default size limit for a body, in bytes. The limit allows a message of 1 MiB in the longest form that
   * the dialect writes. Default: 2 MiB.
   */
  readonly bodyBytesMax?: number;
  /** Sender: the retry policy that the dialect's document names as the default. Default: that of the server. */
  readonly retryDefault?: "EXPONENTIAL_DECAY_RETRY";
  /** The schemes of URLs that the dialect can be sent to, without the colon. Default: http and https. */
  readonly schemes?: readonly string[];
  /**
   * Sender: the headers that only the dialect may set, in lower case. A text that ends with a hyphen stands for every
   * name that begins with it. Default: none.
   */
  readonly ownHeaders?: readonly string[];
  /**
   * Sender: encodes the delivery and signs it with each of `keys`. Throws, or rejects with, {@link UnencodableError}
   * when the dialect cannot carry the message.
   */
  encode(delivery: OutgoingDelivery, keys: readonly ProtocolKey[]): EncodedRequest | Promise<EncodedRequest>;
  /** Sender: the meaning of a reply. */
  interpret(reply: PushReply): Verdict;
  /**
   * Receiver: decodes the request. Throws, or rejects with, {@link UndecodableError} when the request is not of this
   * dialect, and {@link UntrustedError} when no holder of the keys sent it.
   */
  decode(request: IncomingRequest, trust: Trust): IncomingMessage | Promise<IncomingMessage>;
  /** Receiver: the answer that reports to the sender whether the message was handled. */
  reply(handled: boolean): ReceiverReply;
}

/** The dialect cannot carry this message, for example bytes that are not text in a text field. */
export class UnencodableError extends Error {
  readonly code = "unencodable";
}

/** The request is not of this dialect. `code` is stable; the message names the part that is wrong. */
export class UndecodableError extends Error {
  readonly code = "undecodable";
}

/**
 * The request has the form of this dialect but cannot be trusted. `reason` is for the receiver's own log; the answer to
 * the sender never reveals which check failed.
 */
export class UntrustedError extends Error {
  readonly code = "untrusted";
  readonly reason: UntrustedReason;

  constructor(reason: UntrustedReason) {
    super(`the request cannot be trusted: ${untrustedReasons[reason]} (${reason})`);
    this.reason = reason;
  }
}

/** A sentence for each reason, for the log of the program that receives. */
const untrustedReasons = {
  no_signature: "it has no signature",
  wrong_signature:
    "none of the keys fits; the sender has another key, or the bytes of the body or a signed header were changed",
  unknown_key: "the receiver has no key of the kind or name that the sender has used",
  timestamp_out_of_tolerance:
    "its timestamp is too far from this clock; it was recorded and sent again, or a clock is wrong",
  wrong_algorithm: "its algorithm is not accepted here",
  malformed: "its signature or token does not have the required form",
} as const;

export type UntrustedReason = keyof typeof untrustedReasons;
