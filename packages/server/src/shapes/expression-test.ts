import { Type, type Static } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import { JsonText, losslessJson } from "../domain/lossless-json.ts";
import { limits } from "../domain/limits.ts";
import type { MessageId, NewMessage } from "../domain/model.ts";
import type { PushTransform } from "../domain/push-transform.ts";
import type { Tried } from "../expressions/try-expression.ts";
import type { PartlyParsed } from "../http/json-body.ts";
import { bodyView } from "./bytes-view.ts";
import { messageBodyMembers, publishBody } from "./message.ts";
import { toMessage } from "./publish-body.ts";
import { about, bodyShape, describedShape, nullable, textMap } from "./schema-parts.ts";
import { complete } from "./settings.ts";
import { shapeReader } from "./shape-check.ts";
import { transform } from "./expressions.ts";

export const expressionTestBody = bodyShape(
  "ExpressionTest",
  [
    { expression: "data.amount > 100", message: { body: { amount: 120 }, type: "invoice.paid" } },
    { transform: { body: "{'total': data.amount}" }, message: { body: { amount: 120 } } },
  ],
  {
    expression: about(
      "The expression, as for `filter.where`, or of any other result.",
      Type.Optional(Type.String({ maxLength: limits.expressionCharsMax })),
    ),
    transform: Type.Optional(transform),
    url: about(
      "The URL of the subscription, for `transform.url`.",
      Type.Optional(Type.String({ examples: ["https://example.com/callback"] })),
    ),
    message: about("The message, as for a publish. It is not published.", Type.Optional(publishBody)),
    messageId: about(
      "Instead of `message`: the id of a stored message.",
      Type.Optional(Type.String({ examples: ["1099511627777"] })),
    ),
  },
);

/** The members that are not parsed: the body of the message. */
export const bodyOfExpressionTest = { depth: 2, names: ["body"], textNames: ["bodyBase64"] };

export interface ExpressionTest {
  readonly what: { readonly expression: string } | { readonly transform: PushTransform; readonly url: string };
  readonly message: NewMessage | { readonly messageId: MessageId };
}

const readBody = shapeReader(expressionTestBody);

/**
 * `parseAll` parses the whole request, because `transform.body` is not parsed in `json` either. Throws
 * `invalid_request`.
 */
export function expressionTestOf(json: PartlyParsed, parseAll: () => unknown): ExpressionTest {
  const given: Static<typeof expressionTestBody> = readBody(withTransform(json.value, parseAll));
  const { expression, messageId, url = "https://example.com/" } = given;
  if ((expression === undefined) === (given.transform === undefined)) {
    throw RingbackError.at("invalid_request", "expression", "give either expression or transform");
  }
  if ((given.message === undefined) === (messageId === undefined)) {
    throw RingbackError.at("invalid_request", "message", "give either message or messageId");
  }
  return {
    what: expression === undefined ? { transform: complete(transform, given.transform ?? {}), url } : { expression },
    message:
      given.message === undefined ? { messageId: messageId as MessageId } : toMessage(given.message, "message.", json),
  };
}

function withTransform(value: unknown, parseAll: () => unknown): unknown {
  if (!hasTransform(value)) return value;
  const whole = parseAll();
  return hasTransform(whole) ? { ...value, transform: whole.transform } : value;
}

function hasTransform(value: unknown): value is { readonly transform: unknown } {
  return typeof value === "object" && value !== null && Object.hasOwn(value, "transform");
}

export const expressionTestSchema = describedShape(
  "ExpressionTestResult",
  "What the expression makes of the message. Nothing was sent.",
  {
    result: about("The result of `expression` as JSON; null without one.", Type.Any()),
    request: nullable(
      describedShape(
        "TransformedRequest",
        "What `transform` makes of the request, before the protocol; null without a transformation.",
        {
          url: about("null: the URL of the subscription.", nullable(Type.String())),
          headers: textMap("The further headers."),
          ...messageBodyMembers,
        },
      ),
    ),
    error: nullable(
      describedShape(
        "ExpressionError",
        "What is wrong with the expression, or with its result for this message; null: nothing.",
        {
          message: Type.String({ examples: ['line 1, column 1: there is no variable "dat"'] }),
          member: about("The member of `transform`; null for `expression`.", nullable(Type.String())),
          line: nullable(Type.Integer({ minimum: 1 })),
          column: nullable(Type.Integer({ minimum: 1 })),
        },
      ),
    ),
  },
);

/** The response as text, because numbers of the result keep their digits. */
export function expressionTestText(tried: Tried): string {
  const { json, transformed, error } = tried;
  return losslessJson.stringify({
    result: json === null ? null : new JsonText(json),
    request: transformed && {
      url: transformed.url,
      headers: Object.fromEntries(pairs(transformed.headers)),
      ...(transformed.body === null ? {} : bodyView(transformed.body)),
    },
    error: error && {
      message: error.message,
      member: error.member,
      line: error.position?.line ?? null,
      column: error.position?.column ?? null,
    },
  });
}

function* pairs(headers: readonly string[]): Generator<[string, string]> {
  for (let index = 0; index < headers.length; index += 2) {
    yield [String(headers[index]), String(headers[index + 1])];
  }
}
