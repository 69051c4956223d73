import { expect, it } from "vitest";
import * as fc from "fast-check";
import { EventStreamParser, eventCharsMax } from "./event-stream.ts";

it("reads events, comments and fields as the standard says", () => {
  const parser = new EventStreamParser();
  const text =
    ": hello\nretry: 10\n\nevent: a\nid: 7\ndata: one\ndata:two\n\ndata\n\nevent: nothing\n\ndata:  x\r\n\r\ndata: y\r\r";
  expect([...parser.push(text), ...parser.push("\n")]).toEqual([
    { type: "a", data: "one\ntwo" },
    { type: "message", data: "" },
    { type: "message", data: " x" },
    { type: "message", data: "y" },
  ]);
});

it("returns the same events however the text is divided", () => {
  const text = "event: a\r\ndata: 1\r\n\r\ndata: 2\n\n: c\n\nevent: b\rdata: 3\r\rdata: ü\n\n";
  const whole = new EventStreamParser().push(text);
  const cuts = fc
    .array(fc.nat(text.length), { maxLength: 8 })
    .map((at) => [0, ...at.sort((a, b) => a - b), text.length]);
  fc.assert(
    fc.property(cuts, (at) => {
      const parser = new EventStreamParser();
      const events = at.slice(1).flatMap((end, i) => parser.push(text.slice(at[i], end)));
      expect(events).toEqual(whole);
    }),
  );
});

it("refuses an event that is too large", () => {
  expect(() => new EventStreamParser().push("x".repeat(eventCharsMax + 1))).toThrow(RangeError);
  const lines = `data: ${"x".repeat(eventCharsMax / 2)}\n`;
  expect(() => new EventStreamParser().push(lines.repeat(3))).toThrow(RangeError);
});
