import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { fromEventHeader, toEventHeader } from "./cloudevents-header.ts";
import { UndecodableError } from "./protocol.ts";
import { anyText } from "./testing/any-text.ts";

describe("the value of an event's header", () => {
  it.each([
    ["Euro € 😀", "Euro%20%E2%82%AC%20%F0%9F%98%80"],
    ['say "hi"', "say%20%22hi%22"],
    ["100%", "100%25"],
    ["/topics/%E4%B8%BB", "/topics/%25E4%25B8%25BB"],
    ["a\r\nb\u007f", "a%0D%0Ab%7F"],
    ["!#$&'()*+,-./:;<=>?@[\\]^_`{|}~", "!#$&'()*+,-./:;<=>?@[\\]^_`{|}~"],
    ["", ""],
  ])("for %j is %j", (text, value) => {
    expect(toEventHeader(text)).toBe(value);
    expect(fromEventHeader("x", value)).toBe(text);
  });

  it.each([
    ["lower-case digits", "%e2%82%ac", "€"],
    ["digits that were not needed", "%41B%43", "ABC"],
    ["one round of them", "%2541", "%41"],
    ["a percent sign on its own", "50% off, 100%, %zz, %4", "50% off, 100%, %zz, %4"],
    ["bytes as they are", "\u00e2\u0082\u00ac", "€"],
    ["a quoted string", '"a b"', "a b"],
    ["escapes in a quoted string", '"a \\"b\\" \\\\ \\c"', 'a "b" \\ c'],
    ["percent signs in a quoted string", '"a%20b"', "a b"],
    ["an empty quoted string", '""', ""],
    ["quotes that do not stand around it", 'a"b"', 'a"b"'],
  ])("may have %s", (_, value, text) => {
    expect(fromEventHeader("x", value)).toBe(text);
  });

  it.each([
    ["an overlong space", "%C0%A0", /^x: not UTF-8$/],
    ["half a character", "%E2%82", /^x: not UTF-8$/],
    ["half a surrogate pair", "%ED%A0%80", /^x: not UTF-8$/],
    ["a byte on its own", "\u00e9", /^x: not UTF-8$/],
    ["a character that is no byte", "€", /^x: contains characters that are not bytes$/],
    ["a quoted string without a closing quote", '"a', /^x: a quoted string without a closing quote$/],
    ["nothing but a quote", '"', /^x: a quoted string without a closing quote$/],
    ["a quoted string that ends with an escape", '"a\\', /^x: a quoted string without a closing quote$/],
    ["an escaped last quote", '"a\\"', /^x: a quoted string without a closing quote$/],
    ["two quoted strings", '"a" "b"', /^x: text after a quoted string$/],
    ["absurd length", "a".repeat(24_577), /^x: longer than 24576 characters$/],
  ])("is refused with %s", (_, value, message) => {
    expect(() => fromEventHeader("x", value)).toThrow(UndecodableError);
    expect(() => fromEventHeader("x", value)).toThrow(message);
  });

  it("carries any text in printable ASCII", () => {
    fc.assert(
      fc.property(anyText({ maxLength: 100 }), (text) => {
        const value = toEventHeader(text);
        expect(value).toMatch(/^[!-~]*$/);
        expect(fromEventHeader("x", value)).toBe(text);
      }),
    );
  });
});
