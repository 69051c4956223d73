/**
 * The contract of a hook's dialect: how a call looks on the wire, what the reply means, and the mirror image of both for
 * the program that is called. Pure like a push dialect: no I/O, no clock, no randomness.
 */

import type { Jwk, ProtocolKey, Trust } from "./key.ts";
import type { EncodedRequest, IncomingRequest, ReceiverReply } from "./protocol.ts";

/** How JSON is read and written. The server brings one that keeps integers beyond 2^53; a program has `JSON`. */
export interface JsonCodec {
  parse(text: string): unknown;
  stringify(value: unknown): string;
}

/** One call of a hook at one URL. */
export interface OutgoingCall {
  /** A JSON value: the caller's payload, with what earlier URLs of the hook have merged into it. */
  readonly payload: unknown;
  /** Different for every POST; at most 64 of letters, digits and hyphens. */
  readonly requestId: string;
  /** The hook's key; null where the dialect takes none. */
  readonly key: ProtocolKey | null;
  readonly json: JsonCodec;
}

/** The whole reply, or what had come of one that was cut off; whoever made the call has bounded its size. */
export interface HookReply {
  readonly status: number;
  /** Lower-case names; of repeated ones the first value. Values hold one byte per character. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Something that the called program wants to be shown beside the result. */
export interface Attachment {
  readonly kind: "image" | "text" | "file";
  /** Without parameters, in lower case; null when the reply named none. */
  readonly contentType: string | null;
  /** A bare file name that is safe to use in any folder; null when the reply named none. */
  readonly filename: string | null;
  readonly body: Uint8Array;
}

/** What a reply means. */
export type HookVerdict =
  | {
      readonly kind: "continue";
      readonly attachments: readonly Attachment[];
      /** The payload after merging, or the decrypted reply; never changed in place. */
      readonly data: unknown;
    }
  /** `reason` is what the called program says; who shows it to people takes the endpoint's address out and cuts it. */
  | { readonly kind: "reject"; readonly reason: string; readonly data: unknown }
  /** The reply cannot be used; the hook's `onError` decides. `detail` holds nothing of the endpoint nor of a secret. */
  | { readonly kind: "failed"; readonly code: HookFailure; readonly detail: string };

/** `bad_reply`: not of this dialect. `untrusted_reply`: not from who holds the key. `http_status`: a failing server. */
export type HookFailure = "bad_reply" | "untrusted_reply" | "http_status";

/** A call as the called program got it. */
export interface IncomingCall {
  readonly payload: unknown;
  readonly requestId: string | null;
  /** The key that the call came under, which the reply goes back under. */
  readonly key: ProtocolKey | null;
}

/** What the called program answers. A dialect that cannot carry a part of it throws `UnencodableError`. */
export interface HookAnswer {
  readonly action: "continue" | "reject";
  /** For `reject`. */
  readonly reason?: string;
  readonly attachments?: readonly Attachment[];
  /** What is merged into the caller's payload, or the answer's own data. */
  readonly data?: unknown;
}

/** Both halves of one hook dialect, side by side. */
export interface HookProtocol {
  readonly name: string;
  readonly keys: "none" | "required";
  /**
   * Whether a reply's data is the payload with something merged into it. Where it is an answer of its own, a hook can
   * have only one URL: the next one would be asked with the answer.
   */
  readonly merges: boolean;
  /** What makes this key unfit for the dialect, at both ends, in words that hold nothing of it; null when it fits. */
  readonly keyFault?: (jwk: Jwk) => string | null;
  /** What a receiver takes of a body unless it is told otherwise, in bytes. Left out: 2 MiB. */
  readonly bodyBytesMax?: number;
  /** Sender. Throws, or rejects with, `UnencodableError` when the dialect cannot carry the payload. */
  encode(call: OutgoingCall): EncodedRequest | Promise<EncodedRequest>;
  /** Sender: what the reply means for this call. However hostile the reply, it neither throws nor rejects. */
  interpret(reply: HookReply, call: OutgoingCall): HookVerdict | Promise<HookVerdict>;
  /** Receiver. Throws, or rejects with, `UndecodableError` or `UntrustedError`. */
  decode(request: IncomingRequest, trust: Trust): IncomingCall | Promise<IncomingCall>;
  /** Receiver: the reply that means this answer. */
  reply(answer: HookAnswer, call: IncomingCall): ReceiverReply | Promise<ReceiverReply>;
}
