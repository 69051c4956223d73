import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseLenientJson } from "./lenient-json.ts";

const parse = (text: string) => parseLenientJson(Buffer.from(text));

describe("lenient JSON", () => {
  it("takes the document's own example, whose last member has a comma behind it", () => {
    const example = ' {\n  "type": 1001,\n  "protocol": 2,\n  "url": "http://127.0.0.1:8888/",\n } ';
    expect(parse(example)).toEqual({ value: { type: 1001, protocol: 2, url: "http://127.0.0.1:8888/" } });
  });

  it("says what JSON.parse says, wherever that says anything", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parse(text)).toEqual({ value: JSON.parse(text) as unknown });
      }),
    );
  });

  it("says the same with a comma behind the last of every object and array", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        // Indented, so that no closing bracket of a string's own stands alone on its line.
        const text = JSON.stringify(value, null, 1).replaceAll(/(?<=[^[{,\s])\n(?=\s*[\]}])/g, " ,\n");
        expect(parse(text)).toEqual({ value: JSON.parse(JSON.stringify(value)) as unknown });
      }),
    );
  });

  it.each([
    ['{"a":",}",}', { a: ",}" }],
    ['{"a":"\\",}",}', { a: '",}' }],
    ['["\\\\",]', ["\\"]],
    ["[[1,],{},]", [[1], {}]],
    ["\uFEFF{}", {}],
    ['{"__proto__":1,}', JSON.parse('{"__proto__":1}')],
  ])("takes %s", (text, value) => {
    expect(parse(text)).toEqual({ value });
  });

  it.each([
    "",
    "x",
    "{",
    "[,]",
    "{,}",
    "[1,,]",
    "[1,,2,]",
    '{"a":,}',
    ",",
    "1,",
    '{"a":1,',
    '{"a":"b,}',
    "{'a':1}",
    "{}{}",
  ])("refuses %j", (text) => {
    expect(parse(text)).toBeNull();
  });

  it("refuses what is not UTF-8", () => {
    expect(parseLenientJson(Uint8Array.of(0x22, 0xff, 0x22))).toBeNull();
  });

  it("comes to an end with half a megabyte of brackets, commas or quotes", () => {
    for (const piece of ["[", ",]", "[1,],", '"\\', '"']) expect(parse(piece.repeat(250_000))).toBeNull();
  });
});
