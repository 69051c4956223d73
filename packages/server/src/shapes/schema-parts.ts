import { Type } from "typebox";
import type { Static, TSchema } from "typebox";
import { errorTable } from "../domain/errors.ts";
import type { ErrorCode } from "../domain/errors.ts";
import { kidForm } from "../domain/kid-rule.ts";
import { limits } from "../domain/limits.ts";
import { nameForm } from "../domain/names.ts";
import type { TimeMs } from "../domain/model.ts";
import { timeText as isoText } from "./time-text.ts";

/** Parts that the schemas of several resources share. */

export const closed = { additionalProperties: false } as const;

export function nullable<T extends TSchema>(schema: T) {
  const { type, enum: values, anyOf, ...rest } = schema as { type?: string; enum?: unknown[]; anyOf?: unknown[] };
  const form =
    values !== undefined
      ? { enum: [...new Set([...values, null])] }
      : anyOf !== undefined
        ? { anyOf: [...anyOf, { type: "null" }] }
        : { type: [...new Set([type, "null"].flat())] };
  return Type.Unsafe<Static<T> | null>({ ...form, ...rest });
}

export function timeText(description: string) {
  return Type.String({ format: "date-time", description, examples: ["2026-01-31T08:15:30.250Z"] });
}

/** The last members of every view of something that can be changed. */
export const changeTimes = {
  createdAt: timeText("When it was created."),
  updatedAt: timeText("When it was last changed."),
};

export function changeTimesView({
  createdAtMs,
  updatedAtMs,
}: {
  readonly createdAtMs: TimeMs;
  readonly updatedAtMs: TimeMs;
}) {
  return { createdAt: isoText(createdAtMs), updatedAt: isoText(updatedAtMs) };
}

export function pageOf<T extends TSchema>(item: T, description: string) {
  return Type.Object(
    {
      items: Type.Array(item),
      next: nullable(Type.String({ description: "Pass it as `after` to get the next page; null on the last page." })),
    },
    { additionalProperties: false, description },
  );
}

/** A map of strings. Type.Record is no use here: its pattern does not check names with a line break. */
export function textMap(description: string) {
  return Type.Unsafe<Record<string, string>>({
    type: "object",
    additionalProperties: { type: "string" },
    description,
  });
}

const name = (of: string, example: string) =>
  Type.String({
    pattern: nameForm.source,
    description: `The ${of}'s name: letters, digits, ".", "_" and "-", with a letter or digit first; at most ${limits.nameCharsMax} characters.`,
    examples: [example],
  });

export const topicParams = Type.Object({ topic: name("topic", "orders") });
export const subscriptionParams = Type.Object({
  topic: name("topic", "orders"),
  subscription: name("subscription", "billing"),
});

export const inboxParams = Type.Object({ inbox: name("inbox", "weixin") });

export const hookParams = Type.Object({ hook: name("hook", "onMessage") });
export const keyParams = Type.Object({
  kid: Type.String({
    pattern: kidForm.source,
    description: 'The key\'s name: 1 to 64 letters, digits, "-", "_", "." and "~", but not "." or "..".',
    examples: ["0"],
  }),
});

export const apiKeyParams = Type.Object({
  id: Type.String({
    description: "The id of the API key, which is its secretId.",
    examples: ["AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA"],
  }),
});

export const problemSchema = Type.Object(
  {
    type: Type.String({
      description: "`urn:ringback:error:`, followed by the code.",
      examples: ["urn:ringback:error:topic_not_found"],
    }),
    title: Type.String({ description: "What the code means.", examples: [errorTable.topic_not_found.title] }),
    status: Type.Integer({ examples: [404] }),
    detail: Type.String({ description: "What is wrong with this request.", examples: ['There is no topic "orders".'] }),
    code: Type.Enum(Object.keys(errorTable) as ErrorCode[], {
      description: "Stable, for programs to act on.",
      examples: ["topic_not_found"],
    }),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          field: Type.String({
            description: "A path such as `push.url` or `messages[3].tags[0]`, a parameter or a header.",
          }),
          message: Type.String({ description: "What is wrong, or what would be right." }),
        }),
      ),
    ),
    requestId: Type.Optional(
      Type.String({ description: "Only for `internal`: the id of the entry in the server's log." }),
    ),
  },
  { $id: "Problem", title: "Problem", description: "RFC 9457 problem details." },
);

/** Any request can get these errors. */
const anywhere: readonly ErrorCode[] = [
  "malformed_request",
  "invalid_request",
  "request_timeout",
  "headers_too_large",
  "internal",
  "shutting_down",
];
export const bodyErrors: readonly ErrorCode[] = [
  "malformed_json",
  "invalid_utf8",
  "unsupported_media_type",
  "request_too_large",
  "overloaded",
];
export const writeErrors: readonly ErrorCode[] = ["overloaded", "storage_full", "storage_unavailable"];

/** The error answers of a route, for its `schema.response`: one entry per status, with the codes that it can have. */
export function problemResponses(...codes: readonly ErrorCode[]): Record<number, unknown> {
  const byStatus = new Map<number, Set<ErrorCode>>();
  for (const code of [...anywhere, ...codes]) {
    const { status } = errorTable[code];
    byStatus.set(status, (byStatus.get(status) ?? new Set()).add(code));
  }
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      status,
      {
        description: [...codes].map((code) => `\`${code}\``).join(", "),
        content: { "application/problem+json": { schema: { $ref: "Problem#" } } },
      },
    ]),
  );
}
