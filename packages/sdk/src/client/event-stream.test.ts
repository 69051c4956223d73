import { array, assert, nat, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { EventStreamReader } from "./event-stream.ts";

const stream = ": hello\n\nid: 1\n\nevent: a\ndata: one\ndata:two\nid: 2\r\n\r\ndata: three\r\rid: 4\ndata: unfinished";

describe("the reader of an event stream", () => {
  it("returns the same events, however the text is cut", () => {
    assert(
      property(array(nat({ max: stream.length })), (cuts) => {
        const reader = new EventStreamReader();
        const ends = [...cuts.toSorted((a, b) => a - b), stream.length];
        const events = ends.flatMap((end, index) => reader.push(stream.slice(ends[index - 1] ?? 0, end)));
        expect(events).toEqual([
          { type: "a", data: "one\ntwo", id: "2" },
          { type: "message", data: "three", id: null },
        ]);
        expect(reader.lastId).toBe("2");
      }),
    );
  });

  it("keeps nothing of fields that no event has", () => {
    const reader = new EventStreamReader();
    expect(reader.push("f1: x\nf2: x\nretry: 5\ndata: one\n\n")).toEqual([{ type: "message", data: "one", id: null }]);
  });

  it("refuses a line and an event that are too long", () => {
    const long = "x".repeat(3 * 1024 * 1024);
    expect(() => new EventStreamReader().push(long + long)).toThrow(RangeError);
    expect(() => new EventStreamReader().push(`data: ${long}\ndata: ${long}\n`)).toThrow(RangeError);
  });
});
