import { _, Ajv2020, type ErrorObject, type FuncKeywordDefinition } from "ajv/dist/2020.js";
import type { RingbackError } from "../../domain/errors.ts";
import { eventTypeLimits as limits } from "../../domain/event-type-limits.ts";
import type { JsonSchema } from "../../domain/json-schema.ts";
import { formats } from "./formats.ts";
import { linearPattern } from "./linear-pattern.ts";
import { BudgetSpent, spend, stepsOfValue, withinBudget } from "./step-budget.ts";
import { schemaFault, stepsKeyword, vettedSchema } from "./vetted-schema.ts";

/** A fault of a body. `pointer`: JSON pointer (RFC 6901) of the value; "" is the whole body. */
export interface BodyFault {
  readonly pointer: string;
  readonly message: string;
}

export interface BodyCheck {
  /** The most telling fault first. Empty: the body is valid. */
  readonly faults: readonly BodyFault[];
  readonly steps: number;
}

export type CheckBody = (body: unknown) => BodyCheck;

/** Checks schemas against the meta-schema. It compiles that schema once, when it is first needed. */
let metaSchemas: Ajv2020 | null = null;

/** Compiles a schema that a caller gives. Throws `invalid_schema` with the place in the schema. */
export function checkSchema(schema: JsonSchema): CheckBody {
  const { vetted } = vettedSchema(schema);
  metaSchemas ??= new Ajv2020({ strict: false, logger: false });
  if (metaSchemas.validateSchema(schema) !== true) throw metaFault(metaSchemas.errors ?? []);
  return compiledCheck(vetted);
}

export interface CompiledSchema {
  readonly check: CheckBody;
  /** The number of its subschemas, which its memory depends on. */
  readonly subschemas: number;
}

/** Compiles a schema that was checked when it was stored. */
export function compileSchema(schema: JsonSchema): CompiledSchema {
  const { vetted, subschemas } = vettedSchema(schema);
  return { check: compiledCheck(vetted), subschemas };
}

function compiledCheck(vetted: object): CheckBody {
  const validate = compiled(vetted);
  return (body) => {
    try {
      const { result, steps } = withinBudget(() => validate(body));
      return { faults: result ? [] : faultsOf(validate.errors ?? []), steps };
    } catch (error) {
      if (error instanceof BudgetSpent) return tooCostly;
      // The body is nested more deeply than the stack of a recursive schema reaches.
      if (error instanceof RangeError) return tooCostly;
      throw error;
    }
  };
}

const countedSteps = {
  ref: (steps: number, value: unknown): void => spend(steps + stepsOfValue(value)),
  key: "countedSteps",
};

const tooCostly: BodyCheck = {
  faults: [{ pointer: "", message: `takes more than ${limits.checkStepsMax} steps to check; send a smaller body` }],
  steps: limits.checkStepsMax,
};

/**
 * Each schema has an instance of ajv of its own, because an instance keeps everything that it has compiled. The options
 * are those for a stranger's schema: names of `Object.prototype` are not properties of a body.
 */
function compiled(vetted: object) {
  const ajv = new Ajv2020({
    meta: false,
    validateSchema: false,
    inlineRefs: false,
    ownProperties: true,
    strict: true,
    strictRequired: false,
    strictTypes: false,
    strictTuples: false,
    allowUnionTypes: true,
    logger: false,
    formats,
    code: { regExp: Object.assign(linearPattern, { code: "" }), optimize: false },
  });
  ajv.addKeyword({
    keyword: stepsKeyword,
    before: "$ref",
    schemaType: "number",
    code({ gen, schema, data }) {
      gen.code(_`${gen.scopeValue("func", countedSteps)}(${schema as number}, ${data})`);
    },
  });
  for (const keyword of comparisons) {
    ajv.removeKeyword(keyword.keyword);
    ajv.addKeyword(keyword);
  }
  try {
    return ajv.compile(vetted);
  } catch (error) {
    throw schemaFault("", error instanceof Error ? error.message : "cannot be compiled");
  }
}

/**
 * ajv's own keywords compare with a library that calls `valueOf` and `toString` of a value. A body may have such
 * members.
 */
const comparisons: readonly (FuncKeywordDefinition & { keyword: string })[] = [
  {
    keyword: "const",
    error: {
      message: "must be equal to constant",
      params: ({ schemaCode }) => _`{allowedValue: ${schemaCode}}`,
    },
    compile: (allowed: unknown) => isOneOf([allowed]),
  },
  {
    keyword: "enum",
    schemaType: "array",
    error: {
      message: "must be equal to one of the allowed values",
      params: ({ schemaCode }) => _`{allowedValues: ${schemaCode}}`,
    },
    compile: (allowed: readonly unknown[]) => isOneOf(allowed),
  },
  {
    keyword: "uniqueItems",
    type: "array",
    schemaType: "boolean",
    error: { message: "must not have two equal items" },
    validate: (isUnique: boolean, items: readonly unknown[]) => !isUnique || areUnique(items),
  },
];

function isOneOf(allowed: readonly unknown[]): (value: unknown) => boolean {
  const scalars = new Set(allowed.filter((value) => !isNested(value)));
  const nested = new Set(withinBudget(() => allowed.filter(isNested).map(canonicalText)).result);
  return (value) => (isNested(value) ? nested.size > 0 && nested.has(canonicalText(value)) : scalars.has(value));
}

function isNested(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

/** In linear time. ajv itself compares each pair of items. */
function areUnique(items: readonly unknown[]): boolean {
  const texts = new Set<string>();
  for (const item of items) texts.add(canonicalText(item));
  return texts.size === items.length;
}

function canonicalText(value: unknown): string {
  if (typeof value !== "object" || value === null) {
    const text = JSON.stringify(value);
    spend(8 + (text.length >> 3));
    return text;
  }
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(",")}]`;
  const members = Object.entries(value).map(([name, part]) => `${JSON.stringify(name)}:${canonicalText(part)}`);
  spend(4 * members.length);
  return `{${members.sort().join(",")}}`;
}

function metaFault(errors: readonly ErrorObject[]): RingbackError {
  const [error] = errors;
  return schemaFault(error?.instancePath ?? "", error === undefined ? "is no schema" : sentenceOf(error));
}

/** ajv stops at the first fault. With `anyOf` and the like, the faults of the branches come before their own. */
function faultsOf(errors: readonly ErrorObject[]): readonly BodyFault[] {
  const branches: ReadonlySet<string> = new Set(["anyOf", "oneOf", "if", "contains"]);
  const shown = errors.filter(({ keyword }) => keyword !== "if");
  const last = shown.at(-1);
  const sorted = last !== undefined && branches.has(last.keyword) ? [last, ...shown.slice(0, -1)] : shown;
  return sorted
    .slice(0, limits.bodyFaultsMax)
    .map((error) => ({ pointer: error.instancePath.slice(0, limits.faultCharsMax), message: sentenceOf(error) }));
}

function sentenceOf({ message = "is not valid", params }: ErrorObject): string {
  const { additionalProperty, unevaluatedProperty, allowedValues, allowedValue } = params as Record<string, unknown>;
  const named = additionalProperty ?? unevaluatedProperty;
  const more =
    named !== undefined
      ? `: ${JSON.stringify(named)} is not allowed`
      : allowedValues !== undefined
        ? `: ${JSON.stringify(allowedValues).slice(1, -1)}`
        : allowedValue !== undefined
          ? `: ${JSON.stringify(allowedValue)}`
          : "";
  return (message + more).slice(0, limits.faultCharsMax);
}
