import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyText } from "../../domain/testing/any-text.ts";
import { CmqError } from "./errors.ts";
import { readForm } from "./form.ts";
import { Parameters } from "./parameters.ts";
import { cmqLimits } from "./cmq-limits.ts";
import { parametersOfJson } from "./tc3-parameters.ts";

const keyOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof CmqError) return error.key;
    throw error;
  }
  return "none";
};

const formOf = (count: number) => Array.from({ length: count }, (_, index) => `p${index}=`).join("&");

const list = (form: string) => new Parameters(readForm(form)).list("tag", 5, "batchSize");

const integer = (text: string) => new Parameters(new Map([["n", text]])).integer("n", 1, 10);

describe("a form", () => {
  it("reads what URLSearchParams writes", () => {
    const pairs = fc.uniqueArray(fc.tuple(anyText(), anyText()), { selector: ([name]) => name, maxLength: 8 });
    fc.assert(
      fc.property(pairs, (pairs) => {
        expect([...readForm(new URLSearchParams(pairs).toString())]).toEqual(pairs);
      }),
    );
  });

  it("is read or refused with a CmqError, whatever its text", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("%", "&", "=", "+", "a", "é", "2", "C", "\0") }), (text) => {
        expect(["none", "unreadable", "repeatedParameter"]).toContain(keyOf(() => readForm(text)));
      }),
    );
  });

  it.each([
    ["a=%", "unreadable"],
    ["a=%zz", "unreadable"],
    ["a=%ff", "unreadable"],
    ["a=%C3", "unreadable"],
    ["a=1&a=2", "repeatedParameter"],
    ["a=1&%61=2", "repeatedParameter"],
    ["__proto__=1&__proto__=2", "repeatedParameter"],
  ])("%s is refused", (text, key) => {
    expect(keyOf(() => readForm(text))).toBe(key);
  });

  it("has limited names, so that many underscores in one cost nothing", () => {
    const longest = "_".repeat(cmqLimits.parameterNameCharsMax);
    expect([...readForm(`${longest}=1`).keys()]).toEqual([longest]);
    expect(keyOf(() => readForm(`${"_".repeat(3_000_000)}=1`))).toBe("unreadable");
    expect(keyOf(() => parametersOfJson({ ["_".repeat(3_000_000)]: 1 }))).toBe("unreadable");
  });

  it("may consist of pluses, which are spaces in it", () => {
    expect(readForm(`+a+=+%2B+&é=${"+".repeat(100_000)}`)).toEqual(
      new Map([
        [" a ", " + "],
        ["é", " ".repeat(100_000)],
      ]),
    );
  });

  it("has a limited number of parameters", () => {
    expect(readForm(formOf(cmqLimits.parametersMax)).size).toBe(cmqLimits.parametersMax);
    expect(keyOf(() => readForm(formOf(100_000)))).toBe("unreadable");
    expect(readForm("&&a=1&&b=2&").size).toBe(2);
    expect(keyOf(() => readForm("&".repeat(100_000)))).toBe("unreadable");
  });

  it("may have parameters named like members of Object.prototype", () => {
    const parameters = new Parameters(readForm("__proto__=1&constructor=2"));
    expect(parameters.text("__proto__")).toBe("1");
    expect(parameters.text("toString")).toBeNull();
    expect(parameters.has("hasOwnProperty")).toBe(false);
  });
});

describe("an array of parameters", () => {
  it.each([
    ["tag.0=a&tag.1=b", ["a", "b"]],
    ["tag.1=a&tag.2=b", ["a", "b"]],
    ["tag.2=b&tags.0=x&tag.1=a", ["a", "b"]],
    ["tag.0=", [""]],
    ["tag=a", ["a"]],
    ["other.0=a", null],
    ["tag=", null],
  ])("%s is %j", (form, items) => {
    expect(list(form)).toEqual(items);
  });

  it.each([
    ["tag.0=a&tag.2=b", "notConsecutive"],
    ["tag.2=a", "notConsecutive"],
    ["tag.1=a&tag.3=b", "notConsecutive"],
    ["tag.x=a", "keyFormat"],
    ["tag.01=a", "keyFormat"],
    ["tag.=a", "keyFormat"],
    ["tag.-1=a", "keyFormat"],
    ["tag.99999999999=a", "keyFormat"],
    ["tag.0=&tag.1=&tag.2=&tag.3=&tag.4=&tag.5=", "batchSize"],
  ])("%s is refused", (form, key) => {
    expect(keyOf(() => list(form))).toBe(key);
  });
});

describe("a whole number", () => {
  it.each([
    ["1", 1],
    ["10", 10],
    ["007", 7],
    ["", null],
  ])("%j is %j", (text, value) => {
    expect(integer(text)).toBe(value);
  });

  it.each([
    ["0", "outOfRange"],
    ["11", "outOfRange"],
    ["-1", "outOfRange"],
    ["1.5", "wrongType"],
    ["1e3", "wrongType"],
    ["0x1", "wrongType"],
    [" 1", "wrongType"],
    ["NaN", "wrongType"],
    ["٣", "wrongType"],
    ["9".repeat(400), "wrongType"],
  ])("%j is refused", (text, key) => {
    expect(keyOf(() => integer(text))).toBe(key);
  });
});
