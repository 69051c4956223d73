import * as fc from "fast-check";
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import { describe, expect, it } from "vitest";
import { RingbackError } from "../domain/errors.ts";
import type { ErrorDetail } from "../domain/errors.ts";
import { publishBody } from "./message.ts";
import { textMap } from "./schema-parts.ts";
import { shapeReader } from "./shape-check.ts";
import { inboxShape } from "./inbox.ts";
import { subscriptionShape } from "./subscription.ts";
import { topicShape } from "./topic.ts";

const subscriptionMembers = [
  "push",
  "pull",
  "receivesMax",
  "url",
  "retry",
  "delaysMs",
  "baseMs",
  "jitter",
  "start",
  "seq",
  "at",
  "order",
  "labels",
];
const closed = { additionalProperties: false };

function faultsOf(read: (value: unknown) => unknown, value: unknown): readonly ErrorDetail[] {
  try {
    read(value);
  } catch (error) {
    if (error instanceof RingbackError) return error.details;
    throw error;
  }
  return [];
}

describe("a shape reader", () => {
  const schema = Type.Object(
    {
      push: Type.Optional(
        Type.Object({ url: Type.String(), timeoutMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 9 })) }, closed),
      ),
      kind: Type.Optional(Type.Enum(["a", "b"])),
      start: Type.Optional(
        Type.Union([Type.Enum(["now"]), Type.Object({ seq: Type.Integer({ minimum: 1 }) }, closed)]),
      ),
      messages: Type.Optional(Type.Array(Type.Object({ tags: Type.Array(Type.String(), { maxItems: 2 }) }, closed))),
      attributes: Type.Optional(textMap("any")),
    },
    closed,
  );
  const read = shapeReader(schema);

  it("returns the very value when it fits", () => {
    const value = { push: { url: "x", timeoutMs: 9 }, start: { seq: 1 }, attributes: { a: "b" } };
    expect(read(value)).toBe(value);
  });

  it.each([
    [{ push: { url: 7 } }, "push.url", "must be a string, not a number"],
    [{ push: {} }, "push.url", "is missing"],
    [{ push: { url: "x", timeoutMs: 10 } }, "push.timeoutMs", "must be from 1 to 9"],
    [{ push: { url: "x", timeoutMs: 1.5 } }, "push.timeoutMs", "must be a whole number"],
    [{ push: { url: "x", timeoutMs: "1" } }, "push.timeoutMs", "must be a whole number, not a string"],
    [{ push: { url: "x", timeoutMs: null } }, "push.timeoutMs", "must be a whole number, not null"],
    [{ push: [] }, "push", "must be an object, not an array"],
    [{ push: { url: "x", ulr: 1 } }, "push.ulr", "is not a known field; known here: url, timeoutMs"],
    [{ kind: "c" }, "kind", 'must be "a" or "b"'],
    [{ start: "later" }, "start", 'must be "now" or an object with seq'],
    [{ start: { seq: 0 } }, "start.seq", "must be at least 1"],
    [{ start: { sqe: 1 } }, "start", 'must be "now" or an object with seq'],
    [{ messages: [{ tags: [] }, { tags: ["a", 1] }] }, "messages[1].tags[1]", "must be a string, not a number"],
    [{ messages: [{ tags: ["a", "b", "c"] }] }, "messages[0].tags", "must hold at most 2"],
    [{ attributes: { "a\nb": 1 } }, String.raw`attributes."a\nb"`, "must be a string, not a number"],
  ])("names the field and what would be right: %j", (value, field, message) => {
    expect(faultsOf(read, value)).toEqual([{ field, message }]);
  });

  it("reports a body that is not an object as a fault of the body itself", () => {
    expect(() => read("x")).toThrow("The body must be an object, not a string");
  });

  it("reports several faults of a request, up to a limit", () => {
    expect(faultsOf(read, { kind: 1, start: 1, zz: 1 })).toHaveLength(3);
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`unknown${i}`, i]));
    expect(faultsOf(read, many)).toHaveLength(8);
  });

  it.each(["__proto__", "constructor", "toString", "hasOwnProperty"])("refuses a member called %s", (name) => {
    const value: unknown = JSON.parse(`{"${name}": {"url": "x"}}`);
    expect(faultsOf(read, value)).toEqual([{ field: name, message: expect.stringContaining("is not a known field") }]);
  });

  it("shortens and quotes a member name that is not a plain word", () => {
    const [fault] = faultsOf(read, { ["\u0000".repeat(10_000)]: 1 });
    expect(fault?.field.length).toBeLessThan(500);
    expect(fault?.field).not.toContain("\u0000");
  });

  it("reports faults below a member with the requested code", () => {
    const reader = shapeReader(schema, { codes: { start: "invalid_retry_policy" } });
    expect(() => reader({ start: 1 })).toThrow(expect.objectContaining({ code: "invalid_retry_policy" }));
    expect(() => reader({ kind: 1 })).toThrow(expect.objectContaining({ code: "invalid_request" }));
  });

  it("checks the length and the form of a text, and a constant", () => {
    const reader = shapeReader(
      Type.Object({ a: Type.String({ minLength: 2, maxLength: 3, pattern: "^x" }), b: Type.Literal(0) }, closed),
    );
    expect(reader({ a: "xy", b: 0 })).toEqual({ a: "xy", b: 0 });
    expect(() => reader({ a: "x", b: 0 })).toThrow("a: must have at least 2 characters");
    expect(() => reader({ a: "xyzz", b: 0 })).toThrow("a: must have at most 3 characters");
    expect(() => reader({ a: "yx", b: 0 })).toThrow("a: must match ^x");
    expect(() => reader({ a: "xy", b: 1 })).toThrow("b: must be 0");
  });

  it("refuses at start a schema that it would check only in part", () => {
    expect(() => shapeReader(Type.Object({ a: Type.Integer({ multipleOf: 2 }) }, closed))).toThrow("multipleOf");
    expect(() => shapeReader(Type.Object({ a: Type.String() }))).toThrow("close its members");
  });

  it.each([
    ["publish", publishBody, ["body", "tags", "delayMs", "attributes", "__proto__"]],
    ["topic", topicShape.body, ["retentionMs", "bodyBytesMax", "labels", "tag", "__proto__"]],
    ["change of an inbox", inboxShape.patch, ["topic", "accept", "retentionMs", "labels", "tag", "__proto__"]],
    ["subscription", subscriptionShape.body, subscriptionMembers],
    ["change of a subscription", subscriptionShape.patch, subscriptionMembers],
  ] as const)("agrees with typebox about every value (%s)", (_name, shape, names) => {
    const oracle = Compile(shape);
    const reader = shapeReader(shape);
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom("tag", "now", "none", "x", 0, 1, 1.5, 70_000, 2000, true, null),
        fc.constantFrom("2026-01-31T08:15:30Z", "2026-02-30T08:15:30Z", "2026-01-31T08:15:30", "2026-01-31"),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom<string>(...names), tie("value"), { maxKeys: 3 }),
      ),
    }));
    fc.assert(
      fc.property(value, (given) => {
        expect(faultsOf(reader, given).length === 0).toBe(oracle.Check(given));
      }),
      { numRuns: 2_000 },
    );
  });
});
