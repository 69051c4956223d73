import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseLenientJson } from "./lenient-json.ts";

const parse = (text: string) => parseLenientJson(Buffer.from(text));

describe("lenient JSON", () => {
  it("accepts the documentation's own example, which has a trailing comma", () => {
    const example = ' {\n  "type": 1001,\n  "protocol": 2,\n  "url": "http://127.0.0.1:8888/",\n } ';
    expect(parse(example)).toEqual({ value: { type: 1001, protocol: 2, url: "http://127.0.0.1:8888/" } });
  });

  it("returns what JSON.parse returns for valid JSON", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parse(text)).toEqual({ value: JSON.parse(text) as unknown });
      }),
    );
  });

  it("returns the same with a trailing comma in every object and array", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        // The text is indented, so that only brackets outside of strings are at the beginning of a line.
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

  it("refuses bytes that are not UTF-8", () => {
    expect(parseLenientJson(Uint8Array.of(0x22, 0xff, 0x22))).toBeNull();
  });

  it("handles half a megabyte of brackets, commas or quotes", () => {
    for (const piece of ["[", ",]", "[1,],", '"\\', '"']) expect(parse(piece.repeat(250_000))).toBeNull();
  });
});
