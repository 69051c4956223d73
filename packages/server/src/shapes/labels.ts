import { Type } from "typebox";
import { limits } from "../domain/limits.ts";
import { optional } from "./settings.ts";
import { valueFault } from "./shape-check.ts";
import { about } from "./schema-parts.ts";

/**
 * Labels are members of resources that have a meaning only for the people who manage these resources, and not for
 * Ringback.
 */

const namePattern = `[A-Za-z0-9][A-Za-z0-9._/-]{0,${limits.labelNameCharsMax - 1}}`;
// One half of a surrogate pair cannot be written as UTF-8, so such halves are excluded.
const controlOrHalf = String.raw`\u0000-\u001f\u007f-\u009f\ud800-\udfff`;
const valuePattern = `[^${controlOrHalf}]{0,${limits.labelValueCharsMax}}`;
const nameRule = `letters, digits, ".", "_", "/" and "-", with a letter or digit first, at most ${limits.labelNameCharsMax} characters`;

export const description = about(
  `A text for people, at most ${limits.descriptionCharsMax} characters.`,
  optional(
    Type.String({
      maxLength: limits.descriptionCharsMax,
      pattern: String.raw`^[^\u0000\ud800-\udfff]*$`,
      [valueFault]: "must not hold the character U+0000 or half of a surrogate pair",
      examples: ["Invoices for the accounting department"],
    }),
    "",
  ),
);

export const labels = optional(
  Type.Unsafe<Record<string, string>>({
    type: "object",
    maxProperties: limits.labelsMax,
    propertyNames: {
      type: "string",
      pattern: `^${namePattern}$`,
      [valueFault]: `is not a label's name: ${nameRule}`,
    },
    additionalProperties: {
      type: "string",
      pattern: `^${valuePattern}$`,
      [valueFault]: `must have at most ${limits.labelValueCharsMax} characters and no control characters`,
    },
    description:
      `Names and values of your own that lists can be filtered by; at most ${limits.labelsMax}. A name has ${nameRule}. ` +
      `A value has at most ${limits.labelValueCharsMax} characters.`,
    examples: [{ customer: "acme" }],
  }),
  {},
);

/** The query parameter with which a list shows only the resources that have one label. */
export const labelParameter = about(
  "Only those that have this label: its name, `=`, and its value.",
  Type.Optional(
    Type.String({
      pattern: `^${namePattern}=${valuePattern}$`,
      [valueFault]: "must be a label's name, =, and its value, such as customer=acme",
      examples: ["customer=acme"],
    }),
  ),
);

/** Reads the value of `labelParameter`. */
export function labelOf(text: string | undefined): { readonly name: string; readonly value: string } | undefined {
  if (text === undefined) return undefined;
  const at = text.indexOf("=");
  return { name: text.slice(0, at), value: text.slice(at + 1) };
}
