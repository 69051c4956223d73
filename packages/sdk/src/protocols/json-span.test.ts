import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { Span } from "./json-span.ts";
import { arrayMemberSpans, topLevelMemberSpan } from "./json-span.ts";
import { anyText } from "./testing/any-text.ts";

const textOf = (text: string, span: Span | null): string | null =>
  span === null ? null : text.slice(span.start, span.end);
const bodyOf = (text: string): string | null => textOf(text, topLevelMemberSpan(text, "body"));
const bodiesOf = (text: string) => arrayMemberSpans(text, "messages", "body").map((span) => textOf(text, span));

describe("the text of a member", () => {
  it.each([
    ['{"body": {"id": 12345678901234567890}, "tags": []}', '{"id": 12345678901234567890}'],
    ['{"tags":["body"],"body":1.0}', "1.0"],
    ['\r\n\t {\n"body"\t:\r [ 1 , 2 ] \n}\n', "[ 1 , 2 ]"],
    ['{"body":"a \\" } b"}', '"a \\" } b"'],
    ['{"body":"\\\\"}', '"\\\\"'],
    ['{"body":"\\\\\\""}', '"\\\\\\""'],
    ['{"body":true}', "true"],
    ['{"body":null }', "null"],
    ['{"body":-1e-7\n}', "-1e-7"],
    ['{"body":{}}', "{}"],
    ['{"body":[]}', "[]"],
    ['{"body":{"body":1}}', '{"body":1}'],
    ['{"b\\u006fdy":1}', "1"],
    ['{"\\u0062\\u006f\\u0064\\u0079":1}', "1"],
    ['{"body":1,"b\\u006Fdy":2,"x":3}', "2"],
    ['{"body":1,"body":2}', "2"],
    ['{"a":{"b":["}","]","\\"]"]},"body":3}', "3"],
  ])("of %j is %j", (text, expected) => {
    expect(bodyOf(text)).toBe(expected);
  });

  it.each([
    "{}",
    "[]",
    '[{"body":1}]',
    '"body"',
    "1",
    "null",
    '{"a":{"body":1}}',
    '{"bod":1}',
    '{"bodyy":1}',
    '{"Body":1}',
    '{"\\"body":1}',
    '{"\\\\body":1}',
    '{"a":"\\"body\\":1"}',
  ])("is not there in %j", (text) => {
    expect(bodyOf(text)).toBeNull();
  });

  it("is found by a name with quotes and backslashes in it", () => {
    const text = JSON.stringify({ 'a"\\': 1, "\\": 2, "\\u0061": 3 });
    expect(textOf(text, topLevelMemberSpan(text, 'a"\\'))).toBe("1");
    expect(textOf(text, topLevelMemberSpan(text, "\\"))).toBe("2");
    expect(textOf(text, topLevelMemberSpan(text, "\\u0061"))).toBe("3");
    expect(topLevelMemberSpan(text, "a")).toBeNull();
    expect(topLevelMemberSpan('{"\\u0061":1}', "\\u0061")).toBeNull();
  });
});

describe("the texts of a batch's members", () => {
  it("are in the order of its elements, null where an element has none", () => {
    const text = '{"messages": [ {"body": 1.0 }, {}, 2, "body", [{"body":3}], null, {"x":0,"body":{"body":4}} ]}';
    expect(bodiesOf(text)).toEqual(["1.0", null, null, null, null, null, '{"body":4}']);
  });

  it.each(["{}", '{"messages":{}}', '{"messages":"[]"}', '{"messages":[]}', '{"messages":[ \n ]}', "[]", "7"])(
    "are none in %j",
    (text) => {
      expect(bodiesOf(text)).toEqual([]);
    },
  );

  it("are taken from the last array with this name", () => {
    expect(bodiesOf('{"messages":[{"body":1}],"messages":[{"body":2},{"body":3}]}')).toEqual(["2", "3"]);
  });
});

describe("any JSON", () => {
  it("has the span of each member's value without white space around it, as JSON.parse would find it", () => {
    fc.assert(
      fc.property(layout(object()), (text) => {
        const parsed: unknown = JSON.parse(text);
        const span = bodyOf(text);
        expect(span === null ? "absent" : JSON.parse(span)).toEqual(member(parsed, "body"));
        expect(span).toBe(span?.trim() ?? null);
      }),
      { numRuns: 400 },
    );
  });

  it("has its elements' members where JSON.parse finds them", () => {
    const batch = fc.array(fc.oneof(object(), value()), { maxLength: 4 });
    fc.assert(
      fc.property(layout(batch.map((messages) => objectOf([["messages", messages]]))), (text) => {
        const parsed: unknown = member(JSON.parse(text), "messages");
        const expected = Array.isArray(parsed) ? parsed.map((element) => member(element, "body")) : [];
        expect(bodiesOf(text).map((span) => (span === null ? "absent" : JSON.parse(span)))).toEqual(expected);
      }),
      { numRuns: 400 },
    );
  });

  it("can be nested deeper than any stack", () => {
    const deep = "[".repeat(1_000_000) + "]".repeat(1_000_000);
    expect(bodyOf(`{"a":${deep},"body":${deep}}`)).toBe(deep);
    expect(bodiesOf(`{"messages":[${deep},{"body":${deep}}]}`)).toEqual([null, deep]);
  });

  it.each([
    ["a long string", `"${"x".repeat(1_000_000)}"`],
    ["a long string of quotes", JSON.stringify('"'.repeat(500_000))],
    ["a long string of backslashes", JSON.stringify("\\".repeat(500_000))],
    [
      "many small members",
      JSON.stringify(Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`k${i}`, [i]]))),
    ],
    ["much white space", `[${" ".repeat(1_000_000)}]`],
  ])("may be large: %s", (_, large) => {
    expect(bodyOf(`{"${"\\u0062".repeat(100_000)}":${large},"body":${large}}`)).toBe(large);
  });
});

describe("invalid JSON", () => {
  it("ends with an error or with null, and never in an endless search", () => {
    const piece = fc.constantFrom("{", "}", "[", "]", '"', "\\", ",", ":", " ", "1", '"body"', '"messages"', "body");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const text = pieces.join("");
        for (const search of [bodyOf, bodiesOf]) {
          let problem: unknown = null;
          try {
            search(text);
          } catch (error) {
            problem = error;
          }
          expect(String(problem)).toMatch(/^null$|JSON/);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

/** JSON as a tree, in which an object may have two members of the same name. */
type Tree =
  | string
  | number
  | boolean
  | null
  | readonly Tree[]
  | { readonly members: readonly (readonly [string, Tree])[] };

function objectOf(members: readonly (readonly [string, Tree])[]): Tree {
  return { members };
}

function key(): fc.Arbitrary<string> {
  return fc.oneof(fc.constantFrom("body", "body", "messages", "bod", "", "b\\ody", '"body"'), anyText());
}

function value(): fc.Arbitrary<Tree> {
  const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
    tree: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.oneof(
        anyText(),
        fc.constantFrom('"', "\\", '\\"', "}", "]"),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.boolean(),
        fc.constant(null),
      ),
      fc.array(tie("tree"), { maxLength: 4 }),
      fc.array(fc.tuple(key(), tie("tree")), { maxLength: 4 }).map(objectOf),
    ),
  }));
  return tree;
}

function object(): fc.Arbitrary<Tree> {
  return fc.array(fc.tuple(key(), value()), { maxLength: 5 }).map(objectOf);
}

/** Writes the tree as text, with random white space and random escapes. */
function layout(tree: fc.Arbitrary<Tree>): fc.Arbitrary<string> {
  return fc.tuple(tree, fc.array(fc.nat({ max: 7 }), { minLength: 1, maxLength: 40 })).map(([tree, whims]) => {
    let drawn = 0;
    const whim = (): number => whims[drawn++ % whims.length] ?? 0;
    return space(whim) + print(tree, whim) + space(whim);
  });
}

function print(tree: Tree, whim: () => number): string {
  if (typeof tree === "string") return printString(tree, whim);
  if (tree === null || typeof tree !== "object") return JSON.stringify(tree);
  const around = (text: string): string => space(whim) + text + space(whim);
  if (!("members" in tree)) return `[${tree.map((element) => around(print(element, whim))).join(",") || space(whim)}]`;
  const members = tree.members.map(([key, value]) => around(printString(key, whim)) + ":" + around(print(value, whim)));
  return `{${members.join(",") || space(whim)}}`;
}

function printString(text: string, whim: () => number): string {
  const escaped = text.split("").map((unit) => {
    if (whim() === 0) return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
    return JSON.stringify(unit).slice(1, -1);
  });
  return `"${escaped.join("")}"`;
}

function space(whim: () => number): string {
  return [" ", "\n", "\t", "\r\n  "][whim()] ?? "";
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value) || !Object.hasOwn(value, name))
    return "absent";
  return Object.entries(value).find(([key]) => key === name)?.[1];
}
