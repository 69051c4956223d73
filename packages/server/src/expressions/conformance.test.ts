/**
 * The conformance tests of the CEL specification, as far as expressions about messages have the language: without
 * messages of Protocol Buffers. They run with the functions that expressions call, which replace some of the library's.
 */
import type { CelInput, CelValue } from "@bufbuild/cel";
import { getConformanceSuite, type IncrementalTest } from "@bufbuild/cel-spec/testdata/tests.js";
import { describe, expect, it } from "vitest";
import { celLibrary } from "./cel-library.ts";
import { ExpressionError } from "./expression-error.ts";
import { compileExpression } from "./expression.ts";

const { cel } = celLibrary();

const files = ["basic", "comparisons", "conversions", "fields", "fp_math", "integer_math", "lists", "logic", "macros"];
const others = ["parse", "plumbing", "string", "string_ext", "timestamps"];
/** Tests about what expressions do not have: messages, and names of variables with dots. */
const outside = /TestAllTypes|google\.protobuf|proto2|proto3|GlobalEnum|cel\.expr/;

/** Names of tests that the library fails: names of fields in backticks, and two number types of one map key. */
const failing = new Set([
  "field_access_slash",
  "field_access_dash",
  "field_access_dot",
  "has_field_slash",
  "has_field_dash",
  "has_field_dot",
  "map_value_repeat_key_heterogeneous",
]);
/** Functions and variables that do not exist. Expressions with them are refused, also beside `|| true`. */
const unknownName = /^(?:x|f_unknown\(17\)|a\.\w+\(\)) \|\| true$/;

type Kind = NonNullable<IncrementalTest["original"]["bindings"][string]["kind"]>;
type SpecValue = Extract<Kind, { case: "value" }>["value"];

/** A text for each value of the specification, which also tells the types. */
function ofSpec({ kind }: SpecValue): string {
  switch (kind.case) {
    case "listValue":
      return `[${kind.value.values.map(ofSpec).join()}]`;
    case "mapValue":
      return mapText(kind.value.entries.map(({ key, value }) => [key && ofSpec(key), value && ofSpec(value)]));
    case "bytesValue":
      return `bytesValue ${Buffer.from(kind.value).toString("hex")}`;
    case "doubleValue":
      return `doubleValue ${kind.value + 0}`;
    case "nullValue":
      return "nullValue";
    case "objectValue":
      return `objectValue ${kind.value.typeUrl.split("/").at(-1)}`;
    case "enumValue":
      return `enumValue ${kind.value.value}`;
    case undefined:
      throw new Error("a value of the specification has no kind");
    case "boolValue":
    case "int64Value":
    case "uint64Value":
    case "stringValue":
    case "typeValue":
      break;
  }
  return `${kind.case} ${kind.value}`;
}

function ofResult(value: CelValue): string {
  if (value === null) return "nullValue";
  if (typeof value === "bigint") return `int64Value ${value}`;
  if (typeof value === "number") return `doubleValue ${value + 0}`;
  if (typeof value === "string") return `stringValue ${value}`;
  if (typeof value === "boolean") return `boolValue ${value}`;
  if (value instanceof Uint8Array) return `bytesValue ${Buffer.from(value).toString("hex")}`;
  if (cel.isCelUint(value)) return `uint64Value ${value.value}`;
  if (cel.isCelList(value)) return `[${Array.from(value, ofResult).join()}]`;
  if (cel.isCelMap(value)) return mapText(Array.from(value, ([key, member]) => [ofResult(key), ofResult(member)]));
  if (cel.isCelType(value)) return `typeValue ${value.name}`;
  return `objectValue ${"desc" in value ? value.desc.typeName : ""}`;
}

function mapText(entries: readonly (readonly unknown[])[]): string {
  return `{${entries
    .map((entry) => entry.join(":"))
    .toSorted()
    .join()}}`;
}

/** Returns undefined for a value that only Protocol Buffers have. */
function bound({ kind }: SpecValue): CelInput | undefined {
  switch (kind.case) {
    case "uint64Value":
      return cel.celUint(kind.value);
    case "listValue":
      return kind.value.values.map((value) => bound(value) as CelInput);
    case "mapValue":
      return new Map(
        kind.value.entries.map(({ key, value }) => [key && bound(key), value && bound(value)]),
      ) as CelInput;
    case "nullValue":
      return null;
    case "typeValue":
    case "objectValue":
    case "enumValue":
    case undefined:
      return undefined;
    case "boolValue":
    case "int64Value":
    case "doubleValue":
    case "stringValue":
    case "bytesValue":
      break;
  }
  return kind.value;
}

interface Case {
  readonly name: string;
  readonly text: string;
  readonly variables: Readonly<Record<string, CelInput | undefined>>;
  /** null: an error. */
  readonly wanted: string | null;
}

function caseOf({ name, original }: IncrementalTest): Case | null {
  const { expr: text, container, bindings, resultMatcher, checkOnly } = original;
  if (checkOnly || container !== "" || outside.test(text)) return null;
  const values = Object.entries(bindings).map(([variable, { kind }]) => {
    return [variable, kind.case === "value" ? bound(kind.value) : undefined] as const;
  });
  if (values.some(([variable, value]) => value === undefined || variable.includes("."))) return null;
  const about = { name, text, variables: Object.fromEntries(values) };
  if (resultMatcher.case === "value") return { ...about, wanted: ofSpec(resultMatcher.value) };
  if (resultMatcher.case === "evalError") return { ...about, wanted: null };
  return resultMatcher.case === undefined ? { ...about, wanted: "boolValue true" } : null;
}

function resultOf({ text, variables }: Case): string | null {
  try {
    return ofResult(compileExpression(text, new Set(Object.keys(variables))).evaluate(variables));
  } catch (error) {
    if (error instanceof ExpressionError) return null;
    throw error;
  }
}

const suites = getConformanceSuite().suites.filter(({ name }) => [...files, ...others].includes(name));

describe.each(suites)("the conformance tests $name", ({ suites: sections }) => {
  const cases = sections.flatMap(({ tests }) => tests.flatMap((test) => caseOf(test) ?? []));

  it("give the results of the specification", () => {
    const judged = cases.filter(({ name, text }) => !failing.has(name) && !unknownName.test(text));
    const results = (of: (one: Case) => string | null) => judged.map((one) => [one.name, one.text, of(one)]);
    expect(results(resultOf)).toEqual(results(({ wanted }) => wanted));
    expect(judged.length).toBeGreaterThan(0);
  });
});

it("covers most of the tests of the language", () => {
  const count = suites.flatMap(({ suites: sections }) =>
    sections.flatMap(({ tests }) => tests.flatMap((t) => caseOf(t) ?? [])),
  );
  expect(count.length).toBeGreaterThan(1_200);
});
