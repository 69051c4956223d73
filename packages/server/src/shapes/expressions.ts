import { Type } from "typebox";
import { limits } from "../domain/limits.ts";
import { about, describedShape, nullable, textMap } from "./schema-parts.ts";
import { optional } from "./settings.ts";

export const expression = (example: string) =>
  Type.String({ maxLength: limits.expressionCharsMax, examples: [example] });

/** The schema of `push.transform`. */
export const transform = describedShape(
  "TransformSettings",
  "CEL expressions that make the request from the message, before the protocol builds and signs it. They have the " +
    "variables of `filter.where`. A message for which one fails becomes a dead letter at once. null: the message is sent " +
    "as it was published.",
  {
    body: about(
      "The body. A map or a list is sent as JSON; a text or bytes are sent as they are. null: the body of the message.",
      optional(nullable(expression("{'id': id, 'total': data.amount}")), null),
    ),
    headers: optional(
      textMap("Further headers, for http and https only. The result is a text, or null for no header."),
      {},
    ),
    url: about(
      "The URL of the request, which may be relative to `push.url` and must have its origin; with `verify` its path too. " +
        "null: `push.url`.",
      optional(nullable(expression("'/hooks/' + type")), null),
    ),
  },
);
