/**
 * The contract of a hook dialect. The sender's half encodes a call and interprets its reply; the receiver's half
 * decodes the call and encodes the reply. Dialects are pure: no I/O, no clock, no randomness.
 */

import type { Jwk, ProtocolKey, Trust } from "./key.ts";
import type { EncodedRequest, IncomingRequest, PushReply, ReceiverReply } from "./protocol.ts";

/** Parses and writes JSON. The server uses a codec that keeps integers beyond 2^53; programs use `JSON` by default. */
export interface JsonCodec {
  parse(text: string): unknown;
  /** Parses a text whose numbers `JSON.parse` would not change. Without this method, `parse` gets such texts too. */
  parseExact?(text: string): unknown;
  stringify(value: unknown): string;
  /** Whether values of this codec need no check against the limits of hooks when they are written. */
  readonly isLimited?: boolean;
}

/** One call of a hook to one of its URLs. */
export interface OutgoingCall {
  /** A JSON value: the caller's payload, merged with the data of earlier replies. */
  readonly payload: unknown;
  /** Different for every POST; at most 64 letters, digits and hyphens. */
  readonly requestId: string;
  /** The hook's key; null for a dialect without keys. */
  readonly key: ProtocolKey | null;
  readonly json: JsonCodec;
}

/** A reply, which may be incomplete if the connection was lost. The transport has limited the size. */
export type HookReply = PushReply;

/** An image, a text or a file that the called program adds to the result. */
export interface Attachment {
  readonly kind: "image" | "text" | "file";
  /** Media type in lower case, without parameters; null when the reply names none. */
  readonly contentType: string | null;
  /** A file name without a path that is safe in any folder; null when the reply names none. */
  readonly filename: string | null;
  readonly body: Uint8Array;
}

/** The meaning of a reply. */
export type HookVerdict =
  | {
      readonly kind: "continue";
      readonly attachments: readonly Attachment[];
      /** The payload after merging, or the decrypted reply. Never changed in place. */
      readonly data: unknown;
    }
  /**
   * `reason` is the called program's text. Before it is shown to people, the endpoint's address is removed and the text
   * is shortened.
   */
  | { readonly kind: "reject"; readonly reason: string; readonly data: unknown }
  /**
   * The reply cannot be used, and the hook's `onError` decides the action. `detail` contains no part of the endpoint's
   * address and no secret.
   */
  | { readonly kind: "failed"; readonly code: HookFailure; readonly detail: string };

/**
 * `bad_reply`: not a reply of this dialect. `untrusted_reply`: not sent by a holder of the key. `http_status`: the
 * server failed.
 */
export type HookFailure = "bad_reply" | "untrusted_reply" | "http_status";

/** A decoded call, for the called program. */
export interface IncomingCall {
  readonly payload: unknown;
  readonly requestId: string | null;
  /** The key that encrypted the call, and with which the reply is encrypted. */
  readonly key: ProtocolKey | null;
}

/** The answer of the called program. The dialect throws `UnencodableError` for a part that it cannot carry. */
export interface HookAnswer {
  readonly action: "continue" | "reject";
  /** The text to show to people when `action` is `reject`. */
  readonly reason?: string;
  readonly attachments?: readonly Attachment[];
  /** The members to merge into the caller's payload. For a dialect that does not merge: the data of the answer. */
  readonly data?: unknown;
}

/** One hook dialect: the sender's half and the receiver's half. */
export interface HookProtocol {
  readonly name: string;
  readonly keys: "none" | "required";
  /**
   * Whether a reply's data is merged into the payload. A hook of a dialect that does not merge has only one URL,
   * because a second URL would receive the first reply instead of the payload.
   */
  readonly merges: boolean;
  /**
   * Describes why a sender or a receiver cannot use this key, without revealing a part of the key. Returns null for a
   * usable key.
   */
  readonly keyFault?: (jwk: Jwk) => string | null;
  /** The default size limit for a body at the receiver, in bytes. Default: 2 MiB. */
  readonly bodyBytesMax?: number;
  /**
   * Sender: encodes the call. Throws, or rejects with, `UnencodableError` when the dialect cannot carry the payload.
   */
  encode(call: OutgoingCall): EncodedRequest | Promise<EncodedRequest>;
  /** Sender: the meaning of the reply to this call. Neither throws nor rejects, whatever the reply contains. */
  interpret(reply: HookReply, call: OutgoingCall): HookVerdict | Promise<HookVerdict>;
  /** Receiver: decodes the call. Throws, or rejects with, `UndecodableError` or `UntrustedError`. */
  decode(request: IncomingRequest, trust: Trust): IncomingCall | Promise<IncomingCall>;
  /** Receiver: encodes the answer. */
  reply(answer: HookAnswer, call: IncomingCall): ReceiverReply | Promise<ReceiverReply>;
}
