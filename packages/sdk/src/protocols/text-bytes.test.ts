import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { utf8Bytes } from "./text-bytes.ts";
import { anyText } from "./testing/any-text.ts";

describe("the bytes of a text", () => {
  it("equal those of TextEncoder, and do not change while other texts are encoded", () => {
    const text = fc.oneof(
      anyText({ maxLength: 300 }),
      anyText({ maxLength: 10 }).map((part) => part.repeat(400)),
      fc.constant("語".repeat(2730)),
    );
    fc.assert(
      fc.property(fc.array(text, { maxLength: 12 }), (texts) => {
        const written = texts.map(utf8Bytes);
        const encoder = new TextEncoder();
        const expected = texts.map((text) => encoder.encode(text));
        expect(written.map(hex)).toEqual(expected.map(hex));
      }),
      { numRuns: 50 },
    );
  });
});

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
