import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bodyView, replyView } from "./bytes-view.ts";

describe("bytes in an answer", () => {
  it("are shown as text if they are UTF-8, and as base64 otherwise, and never change", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.string({ unit: "binary" }).map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          const view = bodyView(bytes);
          const back = "body" in view ? Buffer.from(view.body) : Buffer.from(view.bodyBase64, "base64");
          expect(Buffer.compare(back, bytes)).toBe(0);
        },
      ),
    );
  });

  it("of a shortened reply leave out only a character that was split", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), fc.nat(), (text, at) => {
        const whole = Buffer.from(text);
        const cut = whole.subarray(0, at % (whole.length + 1));
        const view = replyView(cut);
        const shown = Buffer.from("reply" in view ? (view.reply ?? "") : "not text");
        expect(whole.subarray(0, shown.length).equals(shown)).toBe(true);
        expect(cut.length - shown.length).toBeLessThan(4);
      }),
    );
  });

  it("of a reply that is not text are shown as base64", () => {
    expect(replyView(Uint8Array.of(0xff, 0x41))).toEqual({ replyBase64: "/0E=" });
  });

  it("are null when no reply came", () => {
    expect(replyView(null)).toEqual({ reply: null });
  });
});
