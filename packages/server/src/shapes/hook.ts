import { hookLimits, type Outcome } from "@ringback/sdk/hooks";
import { Type } from "typebox";
import { errorDetail } from "../domain/error-detail.ts";
import { hookProtocols } from "../domain/hook-protocols.ts";
import { assertHook } from "../domain/hook-rules.ts";
import { limits } from "../domain/limits.ts";
import type { HookDetails } from "../engine/hooks/hooks.ts";
import { endpointAuth, endpointTls } from "./endpoint-access.ts";
import { description, labels } from "./labels.ts";
import {
  about,
  bodyShape,
  changeTimes,
  changeTimesView,
  describedShape,
  namedShape,
  nullable,
  whole,
} from "./schema-parts.ts";
import { complete, optional, settingsShape, viewMembers, viewOf } from "./settings.ts";

/** The schema of all settings of a hook. */
const settings = bodyShape(
  "HookSettings",
  [
    { urls: ["http://127.0.0.1:8080/onMessage"], protocol: "koipy", timeoutMs: 5000, onError: "continue" },
    { urls: ["https://example.com/webhook"], protocol: "opencard", key: "0" },
  ],
  {
    urls: about(
      `Called in this order, each with the data merged so far; the first rejection ends the call. 1 to ${hookLimits.urlsMax} URLs, http or https.`,
      Type.Array(Type.String(), {
        minItems: 1,
        maxItems: hookLimits.urlsMax,
        examples: [["http://127.0.0.1:8080/onMessage"]],
      }),
    ),
    protocol: about(
      `The format of a call and the meaning of its reply: ${hookProtocols.map(({ name }) => name).join(", ")}.`,
      optional(Type.String({ examples: ["koipy"] }), "koipy"),
    ),
    timeoutMs: about(
      "How long the whole call may take, all URLs together, in milliseconds.",
      optional(whole(hookLimits.timeoutMsMin, hookLimits.timeoutMsMax), hookLimits.timeoutMsDefault),
    ),
    onError: about(
      "The outcome when a program cannot be reached, is too slow, or sends a reply that cannot be used.",
      optional(Type.Enum(["continue", "reject"]), "continue"),
    ),
    replyBytesMax: about(
      `The largest reply, in bytes; a JSON reply may never have more than ${limits.hookJsonReplyBytesMax}.`,
      optional(whole(hookLimits.replyBytesMaxMin, hookLimits.replyBytesMaxMax), hookLimits.replyBytesMaxDefault),
    ),
    key: about(
      "The name of the key, for a protocol that needs one (opencard).",
      optional(nullable(Type.String({ examples: ["0"] })), null),
    ),
    auth: endpointAuth,
    tls: endpointTls,
    description,
    labels,
  },
);

export const hookShape = settingsShape(settings, {
  settle: (given) => {
    const hook = complete(settings, given);
    assertHook(hook);
    return hook;
  },
});

export const hookSchema = describedShape("Hook", "The hook.", {
  name: Type.String({ examples: ["onMessage"] }),
  ...viewMembers(settings),
  ...changeTimes,
});

export function hookView(hook: HookDetails): object {
  return { name: hook.name, ...viewOf(settings, hook), ...changeTimesView(hook) };
}

const errorCodes = [
  "unreachable",
  "timeout",
  "reply_too_large",
  "bad_reply",
  "aborted",
  "untrusted_reply",
  "http_status",
  "unencodable",
] as const satisfies readonly Outcome["error"][];

export const outcomeSchema = describedShape("Outcome", "The outcome of the call.", {
  action: Type.Enum(["continue", "reject"]),
  reason: about(
    "Why the call was rejected, as a text for people. It never contains the address of a called program.",
    nullable(Type.String()),
  ),
  attachments: Type.Array(
    namedShape("Attachment", {
      kind: Type.Enum(["image", "text", "file"]),
      contentType: nullable(Type.String({ examples: ["image/png"] })),
      filename: about("A name without any part of a path.", nullable(Type.String())),
      bodyBase64: Type.String({ contentEncoding: "base64" }),
    }),
    { description: "What the called programs have sent to be shown." },
  ),
  data: about(
    "koipy and json: the payload after merging, with its numbers written as they were sent. opencard: the decrypted reply.",
    Type.Unknown(),
  ),
  httpStatus: about("The HTTP status of the last reply; null without a reply.", nullable(Type.Integer())),
  durationMs: Type.Integer(),
  error: about(
    "The first failure, after which `onError` decided; null without a failure.",
    nullable(Type.Enum([...errorCodes])),
  ),
  errorDetail: about(
    "What exactly went wrong in that failure, in words for the caller's developers. It never contains the address of a " +
      "called program. null when nothing is known besides the code.",
    nullable(Type.String({ maxLength: limits.errorDetailCharsMax })),
  ),
});

/**
 * Shows `data` unchanged. The codec that has read `data` must also write the view, so that large numbers keep their
 * digits.
 */
export function outcomeView(outcome: Outcome) {
  const { action, reason, attachments, data, httpStatus, durationMs, error } = outcome;
  const shown = attachments.map(({ kind, contentType, filename, body }) => ({
    kind,
    contentType,
    filename,
    bodyBase64: Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("base64"),
  }));
  const detail = outcome.errorDetail === null ? null : errorDetail(outcome.errorDetail);
  return { action, reason, attachments: shown, data, httpStatus, durationMs, error, errorDetail: detail };
}
