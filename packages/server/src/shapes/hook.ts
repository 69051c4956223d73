import { hookLimits } from "@ringback/sdk/hooks";
import type { Outcome } from "@ringback/sdk/hooks";
import { Type } from "typebox";
import type { Static } from "typebox";
import { hookProtocols } from "../domain/hook-protocols.ts";
import { limits } from "../domain/limits.ts";
import type { HookDetails } from "../engine/hooks/hooks.ts";
import { nullable, timeText as timeSchema } from "./schema-parts.ts";
import { timeText } from "./time-text.ts";

const closed = { additionalProperties: false };

const settings = {
  urls: Type.Array(Type.String(), {
    description: `Called in this order, each with the data merged so far; the first rejection ends it. 1 to ${hookLimits.urlsMax}, http or https.`,
    examples: [["http://127.0.0.1:8080/onMessage"]],
  }),
  protocol: Type.String({
    description: `How a call looks on the wire and what the reply means: ${hookProtocols.map(({ name }) => name).join(", ")}.`,
    default: "koipy",
    examples: ["koipy"],
  }),
  timeoutMs: Type.Integer({
    minimum: hookLimits.timeoutMsMin,
    maximum: hookLimits.timeoutMsMax,
    default: hookLimits.timeoutMsDefault,
    description: "For the whole call, all URLs together.",
  }),
  onError: Type.Enum(["continue", "reject"], {
    default: "continue",
    description: "What it means that a program cannot be reached, is late, or gives a reply that cannot be used.",
  }),
  replyBytesMax: Type.Integer({
    minimum: hookLimits.replyBytesMaxMin,
    maximum: hookLimits.replyBytesMaxMax,
    default: hookLimits.replyBytesMaxDefault,
    description: `For each reply, in bytes; one that is JSON has at most ${limits.hookJsonReplyBytesMax} in any case.`,
  }),
};
const key = Type.String({
  description: "The name of the key, for protocols that need one (opencard).",
  examples: ["0"],
});

export const hookBody = Type.Object(
  {
    urls: settings.urls,
    protocol: Type.Optional(settings.protocol),
    timeoutMs: Type.Optional(settings.timeoutMs),
    onError: Type.Optional(settings.onError),
    key: Type.Optional(Type.Union([key, Type.Null()])),
    replyBytesMax: Type.Optional(settings.replyBytesMax),
  },
  {
    ...closed,
    examples: [
      { urls: ["http://127.0.0.1:8080/onMessage"], protocol: "koipy", timeoutMs: 5000, onError: "continue" },
      { urls: ["https://example.com/webhook"], protocol: "opencard", key: "0" },
    ],
  },
);

export const hookSchema = Type.Object(
  {
    name: Type.String({ examples: ["onMessage"] }),
    ...settings,
    key: nullable(key),
    createdAt: timeSchema("When it was made."),
    updatedAt: timeSchema("When it was last changed."),
  },
  { ...closed, description: "The hook." },
);

export function hookView(hook: HookDetails): Static<typeof hookSchema> {
  const { name, urls, protocol, timeoutMs, onError, replyBytesMax, key: kid } = hook;
  const times = { createdAt: timeText(hook.createdAtMs), updatedAt: timeText(hook.updatedAtMs) };
  return { name, urls: [...urls], protocol, timeoutMs, onError, replyBytesMax, key: kid, ...times };
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

export const outcomeSchema = Type.Object(
  {
    action: Type.Enum(["continue", "reject"]),
    reason: nullable(
      Type.String({ description: "For a rejection, to be shown to people. It never holds a callback's address." }),
    ),
    attachments: Type.Array(
      Type.Object(
        {
          kind: Type.Enum(["image", "text", "file"]),
          contentType: nullable(Type.String({ examples: ["image/png"] })),
          filename: nullable(Type.String({ description: "Safe to use in any folder." })),
          bodyBase64: Type.String({ contentEncoding: "base64" }),
        },
        closed,
      ),
      { description: "What the called programs want to be shown." },
    ),
    data: Type.Unknown({
      description:
        "koipy, json: the payload after merging, its numbers written as they came. opencard: the decrypted reply.",
    }),
    httpStatus: nullable(Type.Integer({ description: "Of the last reply; null when none came." })),
    durationMs: Type.Integer(),
    error: nullable(
      Type.Enum([...errorCodes], {
        description: "What went wrong first, after which `onError` decided; null when nothing did.",
      }),
    ),
  },
  { ...closed, description: "What the call came to." },
);

/** With the members in the order of the schema; `data` as the codec has read it. */
export function outcomeView({ action, reason, attachments, data, httpStatus, durationMs, error }: Outcome) {
  const shown = attachments.map(({ kind, contentType, filename, body }) => ({
    kind,
    contentType,
    filename,
    bodyBase64: Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("base64"),
  }));
  return { action, reason, attachments: shown, data, httpStatus, durationMs, error };
}
