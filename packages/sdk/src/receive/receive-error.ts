/** The table of all errors for which a receiver refuses a request. */

import type { ReceiverReply, UntrustedReason } from "../protocols/protocol.ts";

/** The status and the text of the answer to the sender. */
const refusals = {
  wrong_method: { status: 405, answer: "only POST is accepted here" },
  unknown_path: { status: 404, answer: "nothing is received at this path" },
  body_too_large: { status: 413, answer: "the body is too large" },
  body_in_tiny_chunks: { status: 413, answer: "the body arrives in too many chunks of a few bytes" },
  body_incomplete: { status: 400, answer: "the body ended early" },
  body_too_slow: { status: 408, answer: "the body took too long to arrive" },
  undecodable: { status: 400, answer: "the request was not understood" },
  // The status is not 401, which would require an authentication scheme in the answer (RFC 9110 section 15.5.2).
  untrusted: { status: 403, answer: "the request is not trusted" },
  // Other code, such as a body parser, read the request before the receiver and did not keep its bytes.
  body_already_read: { status: 500, answer: "the receiver is set up wrongly" },
} as const;

export type ReceiveErrorCode = keyof typeof refusals;

/** Why a request was refused. Programs should use `code`; the message is for logs. */
export class ReceiveError extends Error {
  override readonly name = "ReceiveError";
  readonly code: ReceiveErrorCode;
  /** The check that failed, for the code `untrusted`; otherwise null. */
  readonly reason: UntrustedReason | null;
  /** The text of the answer to the sender, which never reveals which check failed. */
  readonly answer: string;

  constructor(code: ReceiveErrorCode, details: ReceiveErrorDetails = {}) {
    super(details.message ?? refusals[code].answer, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.reason = details.reason ?? null;
    this.answer = details.answer ?? refusals[code].answer;
  }
}

export interface ReceiveErrorDetails {
  readonly message?: string;
  readonly reason?: UntrustedReason;
  readonly answer?: string;
  readonly cause?: unknown;
}

/** The answer to a refused request. */
export function refusalReply({ code, answer }: Pick<ReceiveError, "code" | "answer">): ReceiverReply {
  return plainReply(refusals[code].status, answer, code === "wrong_method" ? { allow: "POST" } : {});
}

export function plainReply(status: number, text: string, headers: ReceiverReply["headers"] = {}): ReceiverReply {
  return { status, headers: { "content-type": "text/plain; charset=utf-8", ...headers }, body: text };
}
