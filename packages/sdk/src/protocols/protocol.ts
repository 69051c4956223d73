/**
 * The contract of a push dialect: how a message looks on the wire, what the reply means, and the mirror image of both
 * for the program that receives. Everything here is pure: no I/O, no clock, no randomness. A dialect that signs answers
 * with a promise, since the Web's cryptography does; every other answers at once.
 */

import type { Jwk, ProtocolKey, Trust } from "./key.ts";

/** One message on its way to one subscription, in terms that every dialect can draw from. */
export interface OutgoingDelivery {
  /** Numeric app id of the account that owns the topic. */
  readonly topicOwner: number;
  readonly topic: string;
  readonly subscription: string;
  /** Unsigned 64-bit integer as a decimal string; the same on every attempt. */
  readonly messageId: string;
  /** Unsigned integer as a decimal string; different on every attempt. */
  readonly requestId: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** Unix time in milliseconds. */
  readonly publishedAtMs: number;
  /** When this attempt begins, Unix time in milliseconds: what a signature's timestamp is made from. */
  readonly sentAtMs: number;
  /** The message's bytes exactly as published. */
  readonly body: Uint8Array;
  /** Content type the publisher sent the bytes with; null when it said nothing. */
  readonly contentType: string | null;
  readonly tags: readonly string[];
  readonly routingKey: string | null;
  readonly orderingKey: string | null;
  readonly attributes: Readonly<Record<string, string>>;
}

/** What to POST. The transport adds Host, Content-Length, Connection, and the subscription's own headers. */
export interface EncodedRequest {
  /** Name, value, name, value … Values hold one byte per character (UTF-8 bytes where text is not ASCII). */
  readonly headers: readonly string[];
  readonly body: Uint8Array;
}

/** A reply as far as a dialect may look at it. */
export interface PushReply {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** The first bytes of the body; never all of an endless one. */
  readonly body: Uint8Array;
}

/** What a reply means for the delivery. */
export type Verdict =
  /** The receiver has it. */
  | { readonly kind: "accepted" }
  /** Try again by the retry policy, but not before `retryAfter`. `code` is stable and machine-readable. */
  | { readonly kind: "failed"; readonly code: "http_status" | "redirect"; readonly retryAfter: RetryAfter | null }
  /** The endpoint says that it will never take anything again: the subscription is disabled. */
  | { readonly kind: "gone" };

/** What a `Retry-After` header says: a wait from now on, or a moment in Unix milliseconds (RFC 9110 section 10.2.3). */
export type RetryAfter = { readonly delayMs: number } | { readonly atMs: number };

/** A request as the receiving program got it. */
export interface IncomingRequest {
  readonly method: string;
  /** Lower-case names. Values hold one byte per character, as Node and Fetch hand them over. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

/** A decoded push. Members that the dialect does not carry are null or empty. */
export interface IncomingMessage {
  readonly protocol: string;
  readonly topicOwner: string | null;
  readonly topic: string | null;
  readonly subscription: string | null;
  readonly messageId: string | null;
  readonly requestId: string | null;
  readonly attempt: number | null;
  readonly publishedAtMs: number | null;
  readonly body: Uint8Array;
  readonly contentType: string | null;
  readonly tags: readonly string[];
  readonly routingKey: string | null;
  readonly orderingKey: string | null;
  readonly attributes: Readonly<Record<string, string>>;
}

/** What the receiving program answers. */
export interface ReceiverReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** Both halves of one dialect, side by side. */
export interface PushProtocol {
  readonly name: string;
  /** `required`: the sender signs with at least one key, the receiver verifies with at least one. */
  readonly keys: "none" | "required";
  /** Sender: what makes this key unfit to sign with, in words that hold nothing of it; null when it fits. */
  readonly keyFault?: (jwk: Jwk) => string | null;
  /** Receiver: as `keyFault`, for a key to verify with. */
  readonly verifyingKeyFault?: (jwk: Jwk) => string | null;
  /** Receiver: how many keys it takes to verify with; left out: any number. */
  readonly verifyingKeysMax?: number;
  /**
   * What a receiver takes of a body unless it is told otherwise, in bytes: a message of 1 MiB in the longest form that
   * the dialect writes. Left out: 2 MiB.
   */
  readonly bodyBytesMax?: number;
  /** Schemes of the URLs that it can be sent to, without the colon; left out: http and https. */
  readonly schemes?: readonly string[];
  /** Sender: lower-case prefix of the headers that only the dialect may set. */
  readonly headerPrefix?: string;
  /**
   * Sender: the request for this delivery, signed with every one of `keys`. Throws, or rejects with,
   * {@link UnencodableError} when the dialect cannot carry it.
   */
  encode(delivery: OutgoingDelivery, keys: readonly ProtocolKey[]): EncodedRequest | Promise<EncodedRequest>;
  /** Sender: what the reply means. */
  interpret(reply: PushReply): Verdict;
  /**
   * Receiver: the message in this request. Throws, or rejects with, {@link UndecodableError} when it is not of this
   * dialect, and {@link UntrustedError} when it is, but not from somebody who holds one of the keys.
   */
  decode(request: IncomingRequest, trust: Trust): IncomingMessage | Promise<IncomingMessage>;
  /** Receiver: the answer that tells the sender whether the message was handled. */
  reply(handled: boolean): ReceiverReply;
}

/** The dialect has no way to carry this message (for example bytes that are no text in a text field). */
export class UnencodableError extends Error {
  readonly code = "unencodable";
}

/** The request is not what this dialect sends. `code` is stable; the message says which part is wrong. */
export class UndecodableError extends Error {
  readonly code = "undecodable";
}

/**
 * The request looks like this dialect's and cannot be trusted. `reason` is for the receiver's own log; what is answered
 * to the sender never says which check failed.
 */
export class UntrustedError extends Error {
  readonly code = "untrusted";
  readonly reason: UntrustedReason;

  constructor(reason: UntrustedReason) {
    super(`the request cannot be trusted: ${reason}`);
    this.reason = reason;
  }
}

export type UntrustedReason =
  | "no_signature"
  | "wrong_signature"
  | "unknown_key"
  | "timestamp_out_of_tolerance"
  | "wrong_algorithm"
  | "malformed";
