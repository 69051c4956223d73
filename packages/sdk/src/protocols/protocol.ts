/**
 * The contract of a push dialect: how a message looks on the wire, what the reply means, and the mirror image of both
 * for the program that receives. Everything here is pure: no I/O, no clock, no randomness.
 */

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
  /** Try again by the retry policy. `code` is stable and machine-readable. */
  | { readonly kind: "failed"; readonly code: "http_status" | "redirect" };

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
  readonly body: string;
}

/** Both halves of one dialect, side by side. */
export interface PushProtocol {
  readonly name: string;
  /** Sender: the request for this delivery. Throws {@link UnencodableError} when the dialect cannot carry it. */
  encode(delivery: OutgoingDelivery): EncodedRequest;
  /** Sender: what the reply means. */
  interpret(reply: PushReply): Verdict;
  /** Receiver: the message in this request. Throws {@link UndecodableError} when it is not of this dialect. */
  decode(request: IncomingRequest): IncomingMessage;
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
