/** The outcome of a hook call. Every call has an outcome, including a call that failed. */

import type { Attachment, HookFailure } from "../protocols/hook-protocol.ts";

export interface Outcome {
  readonly action: "continue" | "reject";
  /**
   * The reason to show to people when `action` is `reject`: the called program's text, or one of {@link
   * failureReasons}. Otherwise null.
   */
  readonly reason: string | null;
  /** The attachments of all replies, in the order of the URLs. */
  readonly attachments: readonly Attachment[];
  /**
   * The payload, merged with the data of the replies. For a dialect that does not merge: the reply. When nothing was
   * merged: the payload itself.
   */
  readonly data: unknown;
  /** The status of the last reply; null when no reply arrived. */
  readonly httpStatus: number | null;
  readonly durationMs: number;
  /** The first failure, for which `onError` decided the action; null when no URL failed. */
  readonly error: HookErrorCode | null;
  /**
   * The exact cause of the first failure, in words for the program's developers: for example why the reply is not one
   * of the dialect. null without a failure, or if nothing is known besides the code.
   */
  readonly errorDetail: string | null;
}

/**
 * Why no whole reply arrived. `bad_reply`: the reply is not HTTP, or was cut off. `aborted`: the caller's signal ended
 * the call.
 */
export type PostFailure = "unreachable" | "timeout" | "reply_too_large" | "bad_reply" | "aborted";

/** `unencodable`: the dialect cannot carry the payload, and nothing was sent. */
export type HookErrorCode = HookFailure | PostFailure | "unencodable";

/**
 * The reason shown to people when a hook failed. The texts are fixed, so no text contains a part of the hook's address.
 */
export const failureReasons: Readonly<Record<HookErrorCode, string>> = {
  unreachable: "The callback server could not be reached.",
  timeout: "The callback server did not answer in time.",
  aborted: "The call to the callback server was cancelled.",
  reply_too_large: "The callback server's answer is too large.",
  bad_reply: "The callback server's answer cannot be used.",
  untrusted_reply: "The callback server's answer cannot be trusted.",
  http_status: "The callback server answered with an error.",
  unencodable: "The call cannot be written in the callback server's format.",
};
