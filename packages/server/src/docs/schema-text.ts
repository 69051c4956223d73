import type { Schema } from "./openapi-document.ts";

/** Returns a schema in a few words, such as `integer, 1 to 200, default 50`, with links to the named schemas. */
export function schemaText(schema: Schema): string {
  return [kindOf(schema), rangeOf(schema), defaultOf(schema)].filter((part) => part !== "").join(", ");
}

function kindOf(schema: Schema): string {
  if (schema.$ref !== undefined) return linkTo(schema.$ref);
  if (schema.enum !== undefined) return schema.enum.map(literal).join(" or ");
  if (schema.const !== undefined) return literal(schema.const);
  if (schema.anyOf !== undefined) return schema.anyOf.map(schemaText).join(" or ");
  const type = typeof schema.type === "string" ? schema.type : (schema.type ?? ["any value"]).join(" or ");
  if (schema.items !== undefined) return `array of ${schemaText(schema.items)}`;
  if (typeof schema.additionalProperties === "object" && schema.properties === undefined) {
    return `object with values: ${schemaText(schema.additionalProperties)}`;
  }
  return type;
}

function rangeOf({ minimum, maximum, minLength, maxLength, minItems, maxItems }: Schema): string {
  const ranges = [range(minimum, maximum, ""), range(minLength, maxLength, " characters")];
  return [...ranges, range(minItems, maxItems, " items")].filter((part) => part !== "").join(", ");
}

function range(least: number | undefined, most: number | undefined, unit: string): string {
  if (least === undefined) return most === undefined ? "" : `at most ${most}${unit}`;
  return most === undefined ? `at least ${least}${unit}` : `${least} to ${most}${unit}`;
}

function defaultOf(schema: Schema): string {
  return schema.default === undefined ? "" : `default ${literal(schema.default)}`;
}

export function literal(value: unknown): string {
  return `\`${JSON.stringify(value)}\``;
}

export function schemaName(reference: string): string {
  return reference.replace(/^.*\//, "");
}

export function linkTo(reference: string): string {
  const name = schemaName(reference);
  return `[${name}](shapes.md#${name.toLowerCase()})`;
}

/** Returns a text as one cell of a Markdown table. */
export function cell(text: string): string {
  return text.replaceAll("\n", " ").replaceAll("|", "\\|");
}
