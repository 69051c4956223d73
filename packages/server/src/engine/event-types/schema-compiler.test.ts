/** Real: ajv and RE2JS. Nothing is faked. */

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RingbackError } from "../../domain/errors.ts";
import { eventTypeLimits as limits } from "../../domain/event-type-limits.ts";
import { checkSchema } from "./schema-compiler.ts";

function refusal(schema: object): string {
  try {
    checkSchema({ ...schema });
  } catch (error) {
    if (error instanceof RingbackError && error.code === "invalid_schema") return error.message;
    throw error;
  }
  return "accepted";
}
const faultsOf = (schema: object, body: unknown) => checkSchema({ ...schema })(body).faults;

describe("a schema", () => {
  it.each([
    [
      { $ref: "https://example.com/s.json" },
      /^schema: at "\/\$ref": "https:\/\/example.com\/s.json" is not a place in/,
    ],
    [
      { properties: { a: { $ref: "file:///etc/passwd" } } },
      /at "\/properties\/a\/\$ref": "file:\/\/\/etc\/passwd" is not/,
    ],
    [{ $ref: "other.json#/a" }, /is not a place in this schema/],
    [{ $ref: "#/$defs/none" }, /there is no schema at "#\/\$defs\/none"/],
    [{ $ref: "#" }, /"#" refers to itself without an end/],
    [{ $defs: { a: { allOf: [{ $ref: "#/$defs/b" }] }, b: { not: { $ref: "#/$defs/a" } } } }, /without an end/],
    [{ $schema: "http://json-schema.org/draft-07/schema#" }, /other versions of JSON Schema are not supported/],
    [{ definitions: {} }, /use \$defs/],
    [{ $id: "https://example.com/" }, /at "\/\$id": is not supported/],
    [{ foo: 1 }, /at "\/foo": is not a keyword of JSON Schema 2020-12; the names of your own keywords begin with "x-"/],
    [{ properties: { a: { nullable: true } } }, /at "\/properties\/a\/nullable"/],
    [{ type: "text" }, /at "\/type": must be/],
    [{ minLength: -1 }, /at "\/minLength": must be >= 0/],
    [{ properties: 1 }, /at "\/properties": must be an object of schemas/],
    [{ allOf: {} }, /at "\/allOf": must be a list of schemas/],
    [{ items: "x" }, /at "\/items": a schema must be an object, true or false/],
    [{ format: "credit-card" }, /at "\/format": there is no such format; known are date, time/],
    [{ pattern: "(?=a)b" }, /at "\/pattern": the pattern is not a regular expression of RE2, which has no look-around/],
    [{ pattern: "(a)\\1" }, /back-references/],
    [{ patternProperties: { "(": {} } }, /at "\/patternProperties\/\(": the pattern/],
    [{ pattern: "x".repeat(513) }, /more than 512 characters/],
    [{ pattern: "(x{30}){30}" }, /too large: its repetitions amount to \d+ instructions/],
    [JSON.parse('{"properties":{"__proto__":{}}}'), /the name "__proto__" is not allowed/],
  ])("%j is refused, and the error says where", (schema, sentence) => {
    expect(refusal(schema as object)).toMatch(sentence);
  });

  it("is refused when it is nested too deeply or has too many parts", () => {
    let deep: object = {};
    for (let level = 0; level <= limits.schemaDepthMax; level++) deep = { items: deep };
    expect(refusal(deep)).toContain("is nested too deeply");
    expect(refusal({ anyOf: Array.from({ length: limits.subschemasMax }, () => ({})) })).toContain(
      "subschemas are allowed",
    );
  });

  it("may refer to itself further down in the body, and has annotations and keywords of its own", () => {
    const tree = { type: "object", properties: { left: { $ref: "#" }, right: { $ref: "#" } }, "x-note": 1, title: "t" };
    expect(faultsOf(tree, { left: { right: {} } })).toEqual([]);
    expect(faultsOf(tree, { left: { right: 1 } })).toEqual([{ pointer: "/left/right", message: "must be object" }]);
  });
});

describe("a body", () => {
  it("has no properties of Object.prototype", () => {
    expect(faultsOf({ required: ["toString"] }, {})).toHaveLength(1);
    expect(faultsOf({ properties: { constructor: { type: "string" } } }, {})).toEqual([]);
  });

  it.each(["valueOf", "toString", "constructor", "__proto__", "toJSON"])(
    "may have a member %s where it is compared",
    (name) => {
      const value = JSON.parse(`{"${name}": []}`);
      for (const keyword of ["const", "enum"]) {
        const schema = (allowed: unknown) => ({ [keyword]: keyword === "enum" ? [1, allowed] : allowed });
        expect(faultsOf(schema(value), JSON.parse(`{"${name}": []}`))).toEqual([]);
        for (const other of [{}, JSON.parse(`{"${name}": {}}`), JSON.parse(`{"${name}": [], "a": 1}`)]) {
          expect([faultsOf(schema(value), other), faultsOf(schema(other), value)]).toMatchObject([[{}], [{}]]);
        }
      }
    },
  );

  it.each([
    [{ enum: ["a", "b"] }, "c", { pointer: "", message: 'must be equal to one of the allowed values: "a","b"' }],
    [{ const: 1 }, 2, { pointer: "", message: "must be equal to constant: 1" }],
    [{ items: { format: "date-time" } }, ["x"], { pointer: "/0", message: 'must match format "date-time"' }],
    [
      { properties: { "a/b": { pattern: "^x$" } } },
      { "a/b": "y" },
      { pointer: "/a~1b", message: 'must match pattern "^x$"' },
    ],
    [
      { uniqueItems: true },
      [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
      { pointer: "", message: "must not have two equal items" },
    ],
    [
      { unevaluatedProperties: false, properties: { a: true } },
      { b: 1 },
      { pointer: "", message: 'must NOT have unevaluated properties: "b" is not allowed' },
    ],
    [{ anyOf: [{ type: "string" }, { type: "null" }] }, 1, { pointer: "", message: "must match a schema in anyOf" }],
    [JSON.parse('{"if": {"type": "number"}, "then": {"minimum": 5}}'), 1, { pointer: "", message: "must be >= 5" }],
    [
      { dependentRequired: { a: ["b"] } },
      { a: 1 },
      { pointer: "", message: "must have property b when property a is present" },
    ],
  ])("%j refuses %j with a sentence", (schema, body, fault) => {
    expect(faultsOf(schema, body)[0]).toEqual(fault);
  });

  it("is checked as a double: digits beyond 2^53 do not count", () => {
    expect(faultsOf({ const: 9007199254740992 }, JSON.parse("9007199254740993"))).toEqual([]);
    expect(faultsOf({ type: "integer" }, JSON.parse("3604851935629391762"))).toEqual([]);
  });
});

describe("the cost of a check is limited", () => {
  const tooCostly = [{ pointer: "", message: expect.stringContaining("steps to check") }];

  it("with references that double at each level", () => {
    const $defs: Record<string, object> = { d0: { type: "object" } };
    for (let level = 1; level <= 40; level++) {
      const half = { $ref: `#/$defs/d${level - 1}` };
      $defs[`d${level}`] = { allOf: [half, half] };
    }
    expect(faultsOf({ $defs, $ref: "#/$defs/d40" }, {})).toEqual(tooCostly);
  });

  it.each([
    ["equal-looking items", { uniqueItems: true }, Array.from({ length: 400_000 }, (_, n) => n)],
    ["a pattern that would backtrack", { pattern: "^(a+)+$" }, `${"a".repeat(1_000_000)}!`],
    [
      "long enumerations",
      { items: { enum: Array.from({ length: 5_000 }, (_, n) => n) } },
      Array<number>(100_000).fill(-1),
    ],
    [
      "many patterns for many members",
      manyPatterns(),
      Object.fromEntries(Array.from({ length: 50_000 }, (_, n) => [`k${n}`, 1])),
    ],
    ["a long text", { allOf: Array.from({ length: 150 }, () => ({ maxLength: 2_000_000 })) }, "a".repeat(1_000_000)],
  ])("with %s", (_, schema, body) => {
    const { steps, faults } = checkSchema({ ...schema })(body);
    expect(faults).not.toEqual([]);
    expect(steps).toBeLessThanOrEqual(limits.checkStepsMax);
  });

  it("and an ordinary body costs a small part of it", () => {
    const schema = {
      type: "object",
      properties: { id: { type: "string", pattern: "^in_[0-9]+$" }, n: { minimum: 1 } },
    };
    expect(checkSchema(schema)({ id: "in_17", n: 3 }).steps).toBeLessThan(1_000);
  });
});

function manyPatterns(): object {
  return { patternProperties: Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`^x${n}`, {}])) };
}

describe("no text of a schema becomes code", () => {
  const hostile = fc.constantFrom(
    '"];globalThis.ranSchema=1;//',
    "`${globalThis.ranSchema=1}`",
    "'+(globalThis.ranSchema=1)+'",
    '\\");globalThis.ranSchema=1;("',
    "*/globalThis.ranSchema=1/*",
    "\u2028globalThis.ranSchema=1",
    "\n}globalThis.ranSchema=1;{",
    "constructor",
    "validate0",
    "data",
  );
  const text = fc.oneof(hostile, fc.string({ unit: "binary", maxLength: 20 }));
  const json = fc.jsonValue({ maxDepth: 2 });
  const schemas = fc.letrec((tie) => ({
    schema: fc.oneof(
      { maxDepth: 3 },
      fc.record({ enum: fc.array(fc.oneof(text, json), { minLength: 1, maxLength: 3 }) }),
      fc.record({ const: fc.oneof(text, json) }),
      fc.record({ required: fc.uniqueArray(text, { maxLength: 3 }) }),
      fc.record({ dependentRequired: fc.dictionary(text, fc.uniqueArray(text, { maxLength: 2 })) }),
      fc.record({ pattern: text }),
      fc.record({ properties: fc.dictionary(text, tie("schema")), additionalProperties: fc.boolean() }),
      fc.record({ patternProperties: fc.dictionary(text, tie("schema")), unevaluatedProperties: fc.boolean() }),
      fc.record({ dependentSchemas: fc.dictionary(text, tie("schema")), description: text, $comment: text }),
      fc.record({ $defs: fc.dictionary(text, tie("schema")), $ref: text.map((name) => `#/$defs/${name}`) }),
    ),
  })).schema;

  it("for hostile names and values in every place", () => {
    const seen = globalThis as { ranSchema?: unknown };
    fc.assert(
      fc.property(schemas, fc.oneof(json, fc.dictionary(text, json)), (schema, body) => {
        try {
          checkSchema(schema as object as Record<string, unknown>)(body);
        } catch (error) {
          if (!(error instanceof RingbackError) || error.code !== "invalid_schema") throw error;
        }
        expect(seen.ranSchema).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });
});
