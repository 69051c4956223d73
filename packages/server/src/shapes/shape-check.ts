import type { Static, TSchema } from "typebox";
import { RingbackError, type ErrorCode, type ErrorDetail } from "../domain/errors.ts";
import { parseTime, timeFault } from "./time-text.ts";

/**
 * Checks a value against a typebox schema, and reports for each wrong field which value would be right. The OpenAPI
 * document shows the same schemas. General validators are too slow for hostile requests: typebox's own took four
 * seconds for an object with a million unknown members. The check here stops after the first few faults. Only the
 * schema keywords that the server uses are supported; any other keyword is an error at the start.
 */

/** A longer list would not help anybody to correct the request. */
const faultsMax = 8;
/** For a request body that was made from a response, which has null in the place of each secret. */
const notShown = ": responses hide the value, so give it again, or use PATCH to keep it";
const shownCharsMax = 64;

type Trail = (string | number)[];
type Check = (value: unknown, trail: Trail, faults: ErrorDetail[]) => void;

/**
 * The message for a text that does not match the `pattern` of its schema, such as "must hold no line breaks", or for a
 * number that is out of range.
 */
export const valueFault = Symbol("valueFault");

/** The keyword of a map in which two names that differ only in case are the same. A merge patch heeds it. */
export const anyCase = Symbol("anyCase");

/** The keyword of a secret of which responses show some facts. Its value is the schema of these facts. */
export const shownForSecret = Symbol("shownForSecret");

/**
 * The value of a query parameter whose text is no number or boolean. Everything in a query is text, so the fault must
 * not say that the value is a string.
 */
export const malformedText = Symbol("malformedText");

/** The keywords that are checked; `default` is read by `settings.ts`. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly const?: unknown;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly [valueFault]?: string;
  readonly [anyCase]?: boolean;
  readonly format?: string;
  readonly maxProperties?: number;
  readonly propertyNames?: Schema;
  readonly default?: unknown;
  /** True: a secret. A request can give it, and no response contains it. */
  readonly writeOnly?: boolean;
  readonly [shownForSecret]?: Schema;
}

const checkedKeywords = new Set([
  "type",
  "properties",
  "required",
  "additionalProperties",
  "items",
  "enum",
  "anyOf",
  "minimum",
  "maximum",
  "minItems",
  "maxItems",
  "const",
  "minLength",
  "maxLength",
  "pattern",
  "format",
  "maxProperties",
  "propertyNames",
]);
const describingKeywords = new Set(["description", "examples", "title", "default", "contentEncoding", "writeOnly"]);

export interface ShapeOptions {
  /** Maps members to the error code of a fault inside them. All other faults have the code `invalid_request`. */
  readonly codes?: Readonly<Record<string, ErrorCode>>;
}

/**
 * Returns a function that returns the value with its type, or throws `invalid_request` with the faults of the value.
 */
export function shapeReader<S extends TSchema>(schema: S, options: ShapeOptions = {}): (value: unknown) => Static<S> {
  const check = checkOf(schema);
  const codes = new Map(Object.entries(options.codes ?? {}));
  return (value) => {
    const faults: ErrorDetail[] = [];
    check(value, [], faults);
    const [first] = faults;
    if (first === undefined) return value as Static<S>;
    const member = /^[^.[]*/.exec(first.field)?.[0] ?? "";
    const code = codes.get(member) ?? "invalid_request";
    const sentence = first.field === "" ? `The body ${first.message}` : `${first.field}: ${first.message}`;
    throw new RingbackError(code, sentence, { details: faults });
  };
}

export function matchesShape(schema: TSchema, value: unknown): boolean {
  const faults: ErrorDetail[] = [];
  checkOf(schema)(value, [], faults);
  return faults.length === 0;
}

function checkOf(schema: Schema): Check {
  for (const keyword of Object.keys(schema)) {
    if (!checkedKeywords.has(keyword) && !describingKeywords.has(keyword)) {
      throw new Error(`shape-check does not know the schema keyword ${keyword}`);
    }
  }
  if (schema.anyOf !== undefined) return alternativesCheck(schema.anyOf);
  if (schema.enum !== undefined) return enumCheck(schema.enum);
  if ("const" in schema) return enumCheck([schema.const]);
  const { type } = schema;
  if (typeof type === "object") {
    const alternatives = type.map((one) => ({ ...schema, type: one }));
    return alternativesCheck(alternatives, isTypeOf);
  }
  switch (type) {
    case undefined:
      return () => {};
    case "object":
      return objectCheck(schema);
    case "array":
      return arrayCheck(schema);
    case "integer":
    case "number":
      return numberCheck(type, schema);
    case "string":
      return textCheck(schema);
    default:
      return typeCheck(type);
  }
}

function typeCheck(type: string): Check {
  return (value, trail, faults) => {
    if (jsonType(value) !== type) wrongType(type, value, trail, faults);
  };
}

function textCheck(schema: Schema): Check {
  const { minLength = 0, maxLength = Infinity, pattern, format } = schema;
  const form = pattern === undefined ? null : new RegExp(pattern, "u");
  if (format !== undefined && format !== "date-time") throw new Error(`shape-check does not know the format ${format}`);
  return (value, trail, faults) => {
    if (typeof value === "object" && schema.writeOnly === true) {
      add(faults, trail, `must be a string, not ${named(jsonType(value))}${notShown}`);
    } else if (typeof value !== "string") wrongType("string", value, trail, faults);
    else if (value.length < minLength) add(faults, trail, `must have at least ${minLength} characters`);
    else if (value.length > maxLength) add(faults, trail, `must have at most ${maxLength} characters`);
    else if (form?.test(value) === false) add(faults, trail, schema[valueFault] ?? `must match ${pattern}`);
    else if (format !== undefined && parseTime(value) === null) add(faults, trail, timeFault);
  };
}

function numberCheck(type: "integer" | "number", schema: Schema): Check {
  const { minimum = -Infinity, maximum = Infinity } = schema;
  const isOfType = type === "integer" ? Number.isSafeInteger : Number.isFinite;
  const range =
    maximum === Infinity
      ? `must be at least ${minimum}`
      : `must be from ${minimum === -Infinity ? "…" : minimum} to ${maximum}`;
  return (value, trail, faults) => {
    if (typeof value !== "number" || !isOfType(value)) wrongType(type, value, trail, faults);
    else if (value < minimum || value > maximum) add(faults, trail, schema[valueFault] ?? range);
  };
}

function enumCheck(allowed: readonly unknown[]): Check {
  const sentence = `must be ${listed(allowed.map((value) => JSON.stringify(value)))}`;
  return (value, trail, faults) => {
    if (!allowed.includes(value)) add(faults, trail, sentence);
  };
}

function arrayCheck({ items = {}, minItems = 0, maxItems = Infinity, writeOnly = false }: Schema): Check {
  const checkItem = checkOf(items);
  return (value, trail, faults) => {
    if (!Array.isArray(value)) {
      if (value === null && writeOnly) add(faults, trail, `must be an array, not null${notShown}`);
      else wrongType("array", value, trail, faults);
      return;
    }
    if (value.length < minItems) add(faults, trail, `must hold at least ${minItems}`);
    if (value.length > maxItems) {
      add(faults, trail, `must hold at most ${maxItems}`);
      return;
    }
    for (let i = 0; i < value.length && faults.length < faultsMax; i++) {
      trail.push(i);
      checkItem(value[i], trail, faults);
      trail.pop();
    }
  };
}

function objectCheck(schema: Schema): Check {
  const { properties = {}, required = [], additionalProperties, maxProperties = Infinity } = schema;
  const known = new Map(Object.entries(properties).map(([name, member]) => [name, checkOf(member)]));
  const others = typeof additionalProperties === "object" ? checkOf(additionalProperties) : null;
  const checkName = schema.propertyNames === undefined ? null : checkOf(schema.propertyNames);
  // Every object schema must define which further members are allowed, so a schema that accepts unknown members is a
  // mistake.
  if (additionalProperties !== false && others === null) throw new Error("an object schema must close its members");
  const unknown =
    known.size === 0 ? "is not known" : `is not a known field; known here: ${[...known.keys()].join(", ")}`;

  return (value, trail, faults) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      wrongType("object", value, trail, faults);
      return;
    }
    const members = value as Record<string, unknown>;
    for (const name of required) {
      if (!Object.hasOwn(members, name)) addAt(faults, trail, name, "is missing");
    }
    if (maxProperties < Infinity && Object.keys(members).length > maxProperties) {
      add(faults, trail, `must hold at most ${maxProperties}`);
      return;
    }
    for (const name in members) {
      if (faults.length >= faultsMax) return;
      const check = known.get(name) ?? others;
      if (check === null) {
        addAt(faults, trail, name, unknown);
        continue;
      }
      trail.push(name);
      checkName?.(name, trail, faults);
      check(members[name], trail, faults);
      trail.pop();
    }
  };
}

/**
 * Reports the faults compared with the form that the value was most likely meant to have. If no form is likely, the
 * message lists all forms.
 */
function alternativesCheck(
  alternatives: readonly Schema[],
  isMeant = (schema: Schema, value: unknown) => isTypeOf(schema, value) && sharesMember(schema, value),
): Check {
  const forms = alternatives.map((schema) => ({ schema, check: checkOf(schema) }));
  const sentence = `must be ${listed(alternatives.map(describe))}`;
  return (value, trail, faults) => {
    let nearest: ErrorDetail[] | null = null;
    for (const { schema, check } of forms) {
      const found: ErrorDetail[] = [];
      check(value, trail, found);
      if (found.length === 0) return;
      if (isMeant(schema, value)) nearest ??= found;
    }
    if (nearest === null) add(faults, trail, sentence);
    else faults.push(...nearest);
  };
}

function isTypeOf({ type }: Schema, value: unknown): boolean {
  return (type === "integer" ? "number" : type) === jsonType(value);
}

function sharesMember({ type, properties = {} }: Schema, value: unknown): boolean {
  if (type !== "object") return true;
  const shared = Object.entries(properties).filter(([name]) => Object.hasOwn(value as object, name));
  const members = value as Readonly<Record<string, unknown>>;
  return shared.length > 0 && shared.every(([name, member]) => !("const" in member) || member.const === members[name]);
}

function describe(schema: Schema): string {
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(", ");
  if (schema.type === "object") {
    const names = Object.keys(schema.properties ?? {});
    return names.length === 0 ? "an object" : `an object with ${names.join(", ")}`;
  }
  return named(typeof schema.type === "string" ? schema.type : "value");
}

function wrongType(type: string, value: unknown, trail: Trail, faults: ErrorDetail[]): void {
  const given = jsonType(value);
  const isNamed = value !== malformedText && !(type === "integer" && given === "number");
  const but = isNamed ? `, not ${named(given)}` : "";
  add(faults, trail, `must be ${named(type)}${but}`);
}

function jsonType(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function named(type: string): string {
  if (type === "null") return "null";
  if (type === "boolean") return "true or false";
  return type === "integer" ? "a whole number" : `${/^[aeiou]/.test(type) ? "an" : "a"} ${type}`;
}

function listed(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} or ${parts.at(-1) ?? ""}`;
}

function addAt(faults: ErrorDetail[], trail: Trail, name: string, message: string): void {
  trail.push(name);
  add(faults, trail, message);
  trail.pop();
}

function add(faults: ErrorDetail[], trail: Trail, message: string): void {
  faults.push({ field: fieldPath(trail), message });
}

/**
 * Returns a path such as `push.url` or `messages[3].tags[0]`. A name that is not a plain word is quoted and shortened.
 */
function fieldPath(trail: Trail): string {
  let path = "";
  for (const step of trail) {
    if (typeof step === "number") path += `[${step}]`;
    else path += (path === "" ? "" : ".") + shownName(step);
  }
  return path;
}

function shownName(name: string): string {
  return /^[\w-]{1,64}$/.test(name) ? name : JSON.stringify(name.slice(0, shownCharsMax));
}
