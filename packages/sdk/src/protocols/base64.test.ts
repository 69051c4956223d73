import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { fromBase64, fromBase64Url, toBase64, toBase64Url } from "./base64.ts";

describe("base64", () => {
  it("encodes as Node does, and decodes to the same bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
        expect(toBase64Url(bytes)).toBe(Buffer.from(bytes).toString("base64url"));
        expect(fromBase64(toBase64(bytes))).toEqual(bytes);
        expect(fromBase64Url(toBase64Url(bytes))).toEqual(bytes);
      }),
    );
  });

  it("has one spelling for each sequence of bytes", () => {
    const letters = Array.from("ABQRghwz059+/-_= \n");
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...letters), maxLength: 9 }), (text) => {
        const standard = fromBase64(text);
        const url = fromBase64Url(text);
        expect(standard === null ? text : toBase64(standard)).toBe(text);
        expect(url === null ? text : toBase64Url(url)).toBe(text);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    "Q",
    "QQ",
    "QQ=",
    "QR==",
    "QUJ=",
    "Q===",
    "====",
    "QQ==QQ==",
    " QQ==",
    "QQ==\n",
    "Q-==",
    "Q_==",
    "QQ\u0000=",
    "é===",
  ])("is not %j", (text) => {
    expect(fromBase64(text)).toBeNull();
  });

  it.each(["Q", "QR", "QUJ", "QQ==", "Q+", "Q/", "Q Q", "Q\n", "Ā"])("for URLs is not %j", (text) => {
    expect(fromBase64Url(text)).toBeNull();
  });

  it("may be large", () => {
    const bytes = Uint8Array.from({ length: 300_001 }, (_, at) => at % 251);
    const text = toBase64(bytes);
    expect(text).toBe(Buffer.from(bytes).toString("base64"));
    expect(Buffer.compare(fromBase64(text) ?? new Uint8Array(), bytes)).toBe(0);
  });
});
