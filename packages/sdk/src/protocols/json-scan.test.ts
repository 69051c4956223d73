import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { parseAround } from "./json-reader.ts";
import { JsonFault } from "./json-fault.ts";
import { type JsonLimits, jsonNumberCharsMax } from "./json-limits.ts";
import { JsonScanner, type OpaqueMembers } from "./json-scan.ts";
import { anyText } from "./testing/any-text.ts";

const unlimited = { depthMax: Infinity, valuesMax: Infinity };
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

function faultOf(text: string, limits: JsonLimits = unlimited, opaque?: OpaqueMembers): JsonFault | null {
  try {
    new JsonScanner(bytesOf(text), limits, true, opaque).run();
    return null;
  } catch (error) {
    if (error instanceof JsonFault) return error;
    throw error;
  }
}

function numbersAreExactIn(text: string): boolean {
  const scanner = new JsonScanner(bytesOf(text), unlimited, true);
  scanner.run();
  return scanner.numbersAreExact;
}

/** Whether the scan ends without a fault. */
function passes(scan: () => void): boolean {
  try {
    scan();
    return true;
  } catch (error) {
    if (error instanceof JsonFault) return false;
    throw error;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

/** The number of values in a parsed value, including itself. */
function valuesOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  return Object.values(value).reduce((sum: number, member) => sum + valuesOf(member), 1);
}

const brokenJson = fc
  .tuple(
    fc.json(),
    fc.nat(),
    fc.nat({ max: 2 }),
    fc.constantFrom("", ",", "}", "]", '"', "\\", "\\u00g0", "\u0001", "0", "-", ".", "e", ":", " ", "\u00a0", "nul"),
  )
  .map(([text, at, cut, put]) => {
    const index = at % (text.length + 1);
    return text.slice(0, index) + put + text.slice(index + cut);
  });

describe("the scan of a JSON text", () => {
  it("accepts exactly what JSON.parse accepts, whether at once or in steps of any size", () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), brokenJson, anyText()), fc.integer({ min: 1, max: 9 }), (text, step) => {
        const bytes = bytesOf(text);
        // A lone surrogate has no bytes, so the comparison is with the text of the bytes.
        const expected = isJson(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
        expect(faultOf(text) === null).toBe(expected);
        const scanner = new JsonScanner(bytes, unlimited, true);
        let inSteps = true;
        try {
          while (!scanner.run(step));
        } catch {
          inSteps = false;
        }
        expect(inSteps).toBe(expected);
      }),
      { numRuns: 3_000 },
    );
  });

  it("accepts the same without a check of strings, whose faults the parser finds", () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), brokenJson), (text) => {
        const bytes = bytesOf(text);
        const isAccepted = passes(() => new JsonScanner(bytes, unlimited, false).run());
        const expected = isJson(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
        expect(isAccepted && isJson(new TextDecoder().decode(bytes))).toBe(expected);
      }),
      { numRuns: 2_000 },
    );
  });

  it("reads no further in one step than the step and the token that it ends in", () => {
    const scanner = new JsonScanner(bytesOf(`[${"1,".repeat(999)}1]`), unlimited, true);
    let steps = 1;
    while (!scanner.run(100)) steps++;
    // The text has 2,001 bytes.
    expect(steps).toBe(21);
  });

  it("limits the members of each object, but not of opaque ones", () => {
    const limits = { ...unlimited, membersMax: 2 };
    const opaque = { depth: 1, names: ["body"] };
    const faultIn = (text: string) => faultOf(text, limits, opaque)?.message ?? null;
    expect(faultIn('{"a":{"b":1,"c":2},"d":[{"e":1,"f":2},3,4,5]}')).toBeNull();
    expect(faultIn('{"a":1,"body":{"b":1,"c":2,"d":3}}')).toBeNull();
    expect(faultIn('{"a":{"b":1,"c":{"d":1},"e":2}}')).toBe("with an object of more than 2 members");
  });

  it.each(["0", "-1", "123456789012345", '{"a":[1,"1.0",{"b":-20}],"1e3":true}'])(
    "calls the numbers of %s exact",
    (text) => {
      expect(numbersAreExactIn(text)).toBe(true);
    },
  );

  it("never calls a number exact that JSON.parse changes", () => {
    const digits = fc.stringMatching(/^(?:0|[1-9]\d{0,24})$/);
    const rest = fc.stringMatching(/^(?:\.\d{1,20})?(?:[eE][+-]?\d{1,3})?$/);
    fc.assert(
      fc.property(fc.constantFrom("", "-"), digits, rest, (sign, whole, end) => {
        const text = `[${sign}${whole}${end}]`;
        expect(!numbersAreExactIn(text) || JSON.stringify(JSON.parse(text)) === text).toBe(true);
      }),
    );
    for (const text of ["-0", "1.0", "1e3", "9007199254740993"]) expect(numbersAreExactIn(`[1,${text}]`)).toBe(false);
  });

  it("allows the depth and the number of values up to the limit, and not one more", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const text = JSON.stringify(value);
        const limits = { depthMax: depthOf(value), valuesMax: valuesOf(value) };
        expect(faultOf(text, limits)).toBeNull();
        expect(faultOf(text, { ...limits, valuesMax: limits.valuesMax - 1 })?.message).toMatch(/^with more than \d+ v/);
        if (limits.depthMax === 0) return;
        expect(faultOf(text, { ...limits, depthMax: limits.depthMax - 1 })?.message).toMatch(/^deeper than \d+ levels/);
      }),
    );
  });

  it.each(["[", "{", '{"a":', '["x",'])("stops at the limit in a million times %j", (piece) => {
    const fault = faultOf(piece.repeat(1_000_000), { depthMax: 64, valuesMax: 1_000 });
    expect(fault?.index).toBeLessThan(65 * piece.length);
  });

  it("stops at the limit in a list of a million numbers", () => {
    const fault = faultOf(`[${"1.0,".repeat(1_000_000)}`, { depthMax: 64, valuesMax: 1_000 });
    expect(fault).toMatchObject({ kind: "limit", index: 1 + 4 * 999 });
  });

  it("limits the length of numbers, opaque or not", () => {
    expect(faultOf("1".repeat(jsonNumberCharsMax))).toBeNull();
    expect(faultOf(`[-1.${"1".repeat(jsonNumberCharsMax)}e5]`)).toMatchObject({ kind: "limit" });
  });

  it("can scan what is nested deeper than any stack", () => {
    expect(faultOf("[".repeat(1_000_000) + "]".repeat(1_000_000))).toBeNull();
  });
});

describe("opaque members", () => {
  const body: OpaqueMembers = { depth: 1, names: ["body"] };

  function scannedBodies(text: string, opaque = body, valuesMax = Infinity): string[] {
    const bytes = bytesOf(text);
    const scanner = new JsonScanner(bytes, { depthMax: 100, valuesMax }, false, opaque);
    scanner.run();
    return scanner.spans.map(({ start, end }) => new TextDecoder().decode(bytes.subarray(start, end)));
  }

  it.each([
    ['{"body": {"id": 12345678901234567890}, "tags": []}', ['{"id": 12345678901234567890}']],
    ['{"tags":["body"],"body":1.0}', ["1.0"]],
    ['\r\n\t {\n"body"\t:\r [ 1 , 2 ] \n}\n', ["[ 1 , 2 ]"]],
    ['{"body":"a \\" } b"}', ['"a \\" } b"']],
    ['{"body":null }', ["null"]],
    ['{"body":{"body":1}}', ['{"body":1}']],
    ['{"b\\u006fdy":1}', ["1"]],
    ['{"body":1,"b\\u006Fdy":2,"x":3}', ["1", "2"]],
    ['{"a":{"body":1}}', []],
    ['[{"body":1}]', []],
    ['{"bod":1,"bodyy":2,"Body":3,"\\\\body":4,"b\\"dy":5}', []],
    ['"body"', []],
  ])("of %j are %j", (text, expected) => {
    expect(scannedBodies(text)).toEqual(expected);
  });

  it("are found at their depth only", () => {
    const text = '{"messages": [ {"body": 1.0 }, {}, 2, [{"body":3}], {"x":0,"body":{"body":4}} ], "body": 5}';
    expect(scannedBodies(text, { depth: 3, names: ["body"] })).toEqual(["1.0", '{"body":4}']);
  });

  it("may be opaque only if they are strings", () => {
    const text = '{"a":"x","b":1,"a":[2],"b":"y"}';
    expect(scannedBodies(text, { depth: 1, names: ["b"], textNames: ["a"] })).toEqual(['"x"', "1", '"y"']);
  });

  it("do not count as values, and the values after them do", () => {
    const text = `{"body":[${"1,".repeat(1000)}1],"a":1}`;
    expect(scannedBodies(text, body, 2)).toHaveLength(1);
    expect(() => scannedBodies(text, body, 1)).toThrow("more than 1 values");
  });

  it("become the index of their value, as text if the value is text, and everything else is parsed as JSON.parse does", () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom("body", "a", "😀", ""), value), { maxLength: 5 }), (members) => {
        const text = `{${members.map(([name, of]) => `${JSON.stringify(name)}: ${JSON.stringify(of)}`).join(" ,")}}`;
        const bytes = bytesOf(text);
        const scanner = new JsonScanner(bytes, unlimited, false, body);
        scanner.run();
        const parsed = parseAround(bytes, scanner.spans) as { body?: number | string };
        const { body: whole, ...others } = JSON.parse(text) as { body?: unknown };
        const { body: index, ...otherMembers } = parsed;
        expect(otherMembers).toEqual(others);
        const span = scanner.spans[Number(index)];
        expect(typeof index === "string").toBe(typeof whole === "string");
        const written = span && new TextDecoder().decode(bytes.subarray(span.start, span.end));
        expect(written && (JSON.parse(written) as unknown)).toEqual(whole);
      }),
    );
  });
});
