import { RingbackError } from "../../domain/errors.ts";
import { eventTypeLimits as limits } from "../../domain/event-type-limits.ts";
import type { JsonSchema } from "../../domain/json-schema.ts";
import { formatNames, isFormat } from "./formats.ts";
import { assertEndingReferences, type References } from "./reference-circles.ts";
import { instructionsOf } from "./linear-pattern.ts";

/** The keyword that `schema-compiler.ts` adds to ajv. Its value is the cost of applying the subschema once. */
export const stepsKeyword = "ringbackSteps";

const dialect = "https://json-schema.org/draft/2020-12/schema";

const one = ["not", "if", "then", "else", "items", "contains", "additionalProperties", "propertyNames"] as const;
const unevaluated = ["unevaluatedItems", "unevaluatedProperties"] as const;
const single: ReadonlySet<string> = new Set([...one, ...unevaluated]);
const lists: ReadonlySet<string> = new Set(["allOf", "anyOf", "oneOf", "prefixItems"]);
const maps: ReadonlySet<string> = new Set(["properties", "patternProperties", "dependentSchemas", "$defs"]);
const assertions: ReadonlySet<string> = new Set([
  "type",
  "enum",
  "const",
  "multipleOf",
  "maximum",
  "exclusiveMaximum",
  "minimum",
  "exclusiveMinimum",
  "maxLength",
  "minLength",
  "pattern",
  "format",
  "maxItems",
  "minItems",
  "uniqueItems",
  "maxContains",
  "minContains",
  "maxProperties",
  "minProperties",
  "required",
  "dependentRequired",
]);
/** Keywords that say something to people and check nothing. */
const annotations: ReadonlySet<string> = new Set([
  "$comment",
  "title",
  "description",
  "default",
  "examples",
  "deprecated",
  "readOnly",
  "writeOnly",
  "contentEncoding",
  "contentMediaType",
  "contentSchema",
]);
const advice: Readonly<Record<string, string>> = {
  $id: "is not supported: a schema has no address of its own here",
  $anchor: "is not supported; refer to a place by its pointer, such as #/$defs/money",
  $dynamicRef: "is not supported; use $ref",
  $dynamicAnchor: "is not supported; use $ref",
  $vocabulary: "is not supported",
  definitions: "is not a keyword of JSON Schema 2020-12; use $defs",
  dependencies: "is not a keyword of JSON Schema 2020-12; use dependentRequired or dependentSchemas",
  additionalItems: "is not a keyword of JSON Schema 2020-12; use prefixItems and items",
};
/** Keywords whose subschemas see the same value as the schema that contains them. */
const sameValue: ReadonlySet<string> = new Set(["allOf", "anyOf", "oneOf", "not", "if", "then", "else"]);

/**
 * Checks a stranger's schema before ajv sees it: known keywords only, no reference out of the schema, regular
 * expressions in linear time, no circle that never ends. Returns what ajv compiles: without annotations, and each
 * subschema with its cost. Throws `invalid_schema` with the place.
 */
export function vettedSchema(schema: JsonSchema): { readonly vetted: object; readonly subschemas: number } {
  const walk = new Walk();
  const vetted = walk.subschema(schema, "", 0) as object;
  assertEndingReferences(walk.references);
  return { vetted, subschemas: walk.references.size };
}

export function schemaFault(pointer: string, fault: string): RingbackError {
  return RingbackError.at("invalid_schema", "schema", `at "${pointer.slice(0, 200)}": ${fault}`);
}

class Walk {
  readonly references: References = new Map();
  #subschemas = 0;
  #instructions = 0;

  subschema(given: unknown, pointer: string, depth: number): unknown {
    if (++this.#subschemas > limits.subschemasMax) {
      throw schemaFault(pointer, `at most ${limits.subschemasMax} subschemas are allowed`);
    }
    if (depth > limits.schemaDepthMax) {
      throw schemaFault(pointer, `is nested too deeply; at most ${limits.schemaDepthMax} levels are allowed`);
    }
    const circle = { pointer, refersTo: [] as string[] };
    this.references.set(pointer, circle);
    if (typeof given === "boolean") return given;
    if (!isObject(given)) throw schemaFault(pointer, "a schema must be an object, true or false");
    const vetted: Record<string, unknown> = {};
    let steps = 1;
    for (const [keyword, value] of Object.entries(given)) {
      const at = `${pointer}/${escaped(keyword)}`;
      if (annotations.has(keyword) || keyword.startsWith("x-")) continue;
      if (keyword === "$schema") assertDialect(value, pointer, at);
      else if (keyword === "$ref") {
        vetted[keyword] = value;
        circle.refersTo.push(referredTo(value, at));
      } else if (assertions.has(keyword)) {
        if (keyword === "pattern" && typeof value === "string") this.#pattern(value, at);
        if (keyword === "format") assertFormat(value, at);
        vetted[keyword] = value;
        steps += nodesOf(value);
      } else {
        const [subschemas, children] = this.#applicator(keyword, value, at, depth);
        vetted[keyword] = subschemas;
        steps += children.length;
        if (sameValue.has(keyword) || keyword === "dependentSchemas") circle.refersTo.push(...children);
      }
    }
    return { ...vetted, [stepsKeyword]: steps };
  }

  #pattern(pattern: string, at: string): void {
    this.#instructions += instructionsOf(pattern, at);
    if (this.#instructions <= limits.schemaInstructionsMax) return;
    throw schemaFault(at, `all patterns together have more than ${limits.schemaInstructionsMax} instructions`);
  }

  /** Returns the vetted value of a keyword that contains subschemas, and the pointers of these. */
  #applicator(keyword: string, value: unknown, at: string, depth: number): readonly [unknown, readonly string[]] {
    if (single.has(keyword)) return [this.subschema(value, at, depth + 1), [at]];
    if (lists.has(keyword)) {
      if (!Array.isArray(value)) throw schemaFault(at, "must be a list of schemas");
      const pointers = value.map((_, index) => `${at}/${index}`);
      return [value.map((part, index) => this.subschema(part, `${at}/${index}`, depth + 1)), pointers];
    }
    if (!maps.has(keyword)) throw unknownKeyword(keyword, at);
    if (!isObject(value)) throw schemaFault(at, "must be an object of schemas");
    const members = Object.entries(value).map(([name, part]) => {
      if (name === "__proto__") throw schemaFault(at, 'the name "__proto__" is not allowed');
      const pointer = `${at}/${escaped(name)}`;
      if (keyword === "patternProperties") this.#pattern(name, pointer);
      return [name, this.subschema(part, pointer, depth + 1), pointer] as const;
    });
    const vetted = Object.fromEntries(members.map(([name, part]) => [name, part]));
    return [vetted, members.map(([, , pointer]) => pointer)];
  }
}

function assertFormat(value: unknown, at: string): void {
  if (isFormat(value)) return;
  throw schemaFault(at, `there is no such format; known are ${formatNames.join(", ")}`);
}

function assertDialect(value: unknown, pointer: string, at: string): void {
  if (pointer !== "") throw schemaFault(at, "is allowed at the top of the schema only");
  if (typeof value === "string" && value.replace(/#$/, "") === dialect) return;
  throw schemaFault(at, `must be "${dialect}"; other versions of JSON Schema are not supported`);
}

function referredTo(value: unknown, at: string): string {
  if (typeof value !== "string") throw schemaFault(at, "must be a string");
  if (value !== "#" && !value.startsWith("#/")) {
    const shown = JSON.stringify(value.slice(0, 100));
    const fault = `${shown} is not a place in this schema; nothing is fetched, so only references such as #/$defs/money are allowed`;
    throw schemaFault(at, fault);
  }
  try {
    return decodeURIComponent(value.slice(1));
  } catch {
    throw schemaFault(at, "is not a URL fragment");
  }
}

function unknownKeyword(keyword: string, at: string): RingbackError {
  return schemaFault(
    at,
    advice[keyword] ?? 'is not a keyword of JSON Schema 2020-12; the names of your own keywords begin with "x-"',
  );
}

/** The number of JSON values in an assertion, which is what a comparison with it costs at most. */
function nodesOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  return Object.values(value).reduce<number>((sum, part) => sum + nodesOf(part), 1);
}

export function escaped(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
