/** What a call of a hook comes to, whatever happened on the way: a call never fails, it has an outcome. */

import type { Attachment, HookFailure } from "../protocols/hook-protocol.ts";

export interface Outcome {
  readonly action: "continue" | "reject";
  /** For `reject`, to be shown to people: what the called program says, or one of {@link failureReasons}. Else null. */
  readonly reason: string | null;
  /** Of all URLs that were called, in their order. */
  readonly attachments: readonly Attachment[];
  /** The payload after merging, or the dialect's own reply; the payload itself where nothing was merged. */
  readonly data: unknown;
  /** Of the last reply that came; null when none did. */
  readonly httpStatus: number | null;
  readonly durationMs: number;
  /** The first thing that went wrong, after which the hook's `onError` decided; null when nothing did. */
  readonly error: HookErrorCode | null;
}

/** Why no whole reply can be had. `bad_reply`: what came is not HTTP, or was cut off. `aborted`: by the caller's own signal. */
export type PostFailure = "unreachable" | "timeout" | "reply_too_large" | "bad_reply" | "aborted";

/** `unencodable`: the dialect cannot carry the payload, and nothing was sent. */
export type HookErrorCode = HookFailure | PostFailure | "unencodable";

/** Shown to whoever is rejected because a hook failed. Fixed, so that they hold nothing of where the hook goes. */
export const failureReasons: Readonly<Record<HookErrorCode, string>> = {
  unreachable: "The callback server could not be reached.",
  timeout: "The callback server did not answer in time.",
  aborted: "The call of the callback server was given up.",
  reply_too_large: "The callback server's answer is too large.",
  bad_reply: "The callback server's answer cannot be used.",
  untrusted_reply: "The callback server's answer cannot be trusted.",
  http_status: "The callback server answered with an error.",
  unencodable: "The call cannot be put in the callback server's form.",
};
