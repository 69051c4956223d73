import { Type, type Static, type TSchema, type TProperties, type TSchemaOptions } from "typebox";
import { errorTable, type ErrorCode } from "../domain/errors.ts";
import { kidForm } from "../domain/kid-rule.ts";
import { limits } from "../domain/limits.ts";
import { nameForm } from "../domain/names.ts";
import type { SealedText } from "../domain/endpoint-access.ts";
import type { Topic } from "../domain/model.ts";
import { anyCase } from "./shape-check.ts";
import { timeText } from "./time-text.ts";

/** Parts that the schemas of several resources share. */

export const closed = { additionalProperties: false } as const;

/** The schema with a description. */
export function about<T extends TSchema>(description: string, schema: T): T {
  // The copy must include members that are not enumerable, because typebox marks optional schemas with such members.
  const copy: T = Object.defineProperties({} as T, Object.getOwnPropertyDescriptors(schema));
  return Object.assign(copy, { description });
}

/** As `closedObject`, with a name: the schema becomes a component of the OpenAPI document. */
export function namedShape<P extends TProperties>(title: string, members: P) {
  return Type.Object(members, { ...closed, title });
}

/** As `describedObject`, with a name. */
export function describedShape<P extends TProperties>(title: string, description: string, members: P) {
  return Type.Object(members, { ...closed, title, description });
}

/** As `bodyObject`, with a name. */
export function bodyShape<P extends TProperties>(title: string, examples: readonly unknown[], members: P) {
  return Type.Object(members, { ...closed, title, examples });
}

/** An object schema that allows no other members. */
export function closedObject<P extends TProperties>(members: P) {
  return Type.Object(members, closed);
}

export function describedObject<P extends TProperties>(description: string, members: P) {
  return Type.Object(members, { ...closed, description });
}

/** The schema of a request body with examples, which allows no other members. */
export function bodyObject<P extends TProperties>(examples: readonly unknown[], members: P) {
  return Type.Object(members, { ...closed, examples });
}

export function whole(minimum: number, maximum: number, more: TSchemaOptions = {}) {
  return Type.Integer({ minimum, maximum, ...more });
}

export function nullable<T extends TSchema>(schema: T) {
  const { type, enum: values, anyOf, ...rest } = schema as { type?: string; enum?: unknown[]; anyOf?: unknown[] };
  // A schema without a form allows null already.
  if (type === undefined && values === undefined && anyOf === undefined) {
    return Type.Unsafe<Static<T> | null>(schema);
  }
  const form =
    values !== undefined
      ? { enum: [...new Set([...values, null])] }
      : anyOf !== undefined
        ? { anyOf: [...anyOf.filter((form) => (form as { type?: string }).type !== "null"), { type: "null" }] }
        : { type: [...new Set([type, "null"].flat())] };
  return Type.Unsafe<Static<T> | null>({ ...form, ...rest });
}

export function timeSchema(description: string) {
  return Type.String({ format: "date-time", description, examples: ["2026-01-31T08:15:30.250Z"] });
}

/** The last members of the view of every resource that can be changed. */
export const changeTimes = {
  createdAt: timeSchema("When it was created."),
  updatedAt: timeSchema("When it was last changed."),
};

export function changeTimesView({ createdAtMs, updatedAtMs }: Pick<Topic, "createdAtMs" | "updatedAtMs">) {
  return { createdAt: timeText(createdAtMs), updatedAt: timeText(updatedAtMs) };
}

export function pageOf<T extends TSchema>(item: T, description: string) {
  return describedShape(pageName(item), description, {
    items: Type.Array(item),
    next: about("Pass it as `after` to get the next page; null on the last page.", nullable(Type.String())),
  });
}

/** The name of a page of items that have a name. */
export function pageName(item: TSchema, kind = "Page"): string {
  const { title } = item as { title?: string };
  if (title === undefined) throw new TypeError("the items of a page need a name");
  return `${title}${kind}`;
}

/** A map of strings. Type.Record cannot be used, because its pattern does not check names that contain a line break. */
export function textMap(description: string) {
  return Type.Unsafe<Record<string, string>>({
    type: "object",
    additionalProperties: { type: "string" },
    description,
  });
}

/** A map of secret headers. A view shows the names alone. Stored secrets are sealed. */
export function secretHeaders(description: string) {
  return Type.Unsafe<Record<string, string | SealedText>>({
    type: "object",
    additionalProperties: { type: "string", writeOnly: true },
    [anyCase]: true,
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

export const accountParams = Type.Object({ account: name("account", "acme") });
export const inboxParams = Type.Object({ inbox: name("inbox", "arrivals") });

export const hookParams = Type.Object({ hook: name("hook", "onMessage") });
export const eventTypeParams = Type.Object({
  type: about(
    "The type of the messages: words separated by dots, percent-encoded where a URL needs it.",
    Type.String({ examples: ["invoice.paid"] }),
  ),
});
export const keyParams = Type.Object({
  kid: about(
    'The key\'s name: 1 to 64 letters, digits, "-", "_", "." and "~", but not "." or "..".',
    Type.String({
      pattern: kidForm.source,
      examples: ["0"],
    }),
  ),
});

export const apiKeyParams = Type.Object({
  id: about(
    "The id of the API key, which is its secretId.",
    Type.String({ examples: ["AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA"] }),
  ),
});

export const problemSchema = Type.Object(
  {
    type: about(
      "Path of the page about the error on the documentation site: `/docs/reference/errors/`, followed by the code.",
      Type.String({ examples: ["/docs/reference/errors/topic_not_found"] }),
    ),
    title: about("What the code means.", Type.String({ examples: [errorTable.topic_not_found.title] })),
    status: Type.Integer({ examples: [404] }),
    detail: about("What is wrong with this request.", Type.String({ examples: ['There is no topic "orders".'] })),
    code: about(
      "Stable, for programs to act on.",
      Type.Enum(Object.keys(errorTable) as ErrorCode[], { examples: ["topic_not_found"] }),
    ),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          field: about("A path such as `push.url` or `messages[3].tags[0]`, a parameter or a header.", Type.String()),
          message: about("What is wrong, or what would be right.", Type.String()),
          pointer: Type.Optional(
            about("The JSON pointer of the value in the body of a message, if the fault is there.", Type.String()),
          ),
        }),
      ),
    ),
    requestId: about("The id of the request, as in the header X-Request-Id and in the server's log.", Type.String()),
  },
  { $id: "Problem", title: "Problem", description: "RFC 9457 problem details." },
);

/** Error codes that every request can get. */
const anywhere: readonly ErrorCode[] = [
  "malformed_request",
  "invalid_request",
  "origin_not_allowed",
  "request_timeout",
  "host_not_allowed",
  "headers_too_large",
  "internal",
  "shutting_down",
];
export const bodyErrors: readonly ErrorCode[] = [
  "malformed_json",
  "json_too_complex",
  "invalid_utf8",
  "unsupported_media_type",
  "request_too_large",
  "overloaded",
];
export const writeErrors: readonly ErrorCode[] = ["overloaded", "storage_full", "storage_unavailable"];

/** The members of a route's schema that name the route in the OpenAPI document. */
export function operation(tag: string, operationId: string, summary: string) {
  return { tags: [tag], operationId, summary };
}

/**
 * Returns the error responses of a route for its `schema.response`: one entry per HTTP status, with the possible error
 * codes.
 */
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
