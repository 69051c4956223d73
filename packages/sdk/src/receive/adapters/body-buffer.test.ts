import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { BodyBuffer, announcedLength } from "./body-buffer.ts";

describe("the buffer of a body", () => {
  it("holds the pieces in their order, whatever was announced, and refuses the first that is too much", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 50 })),
        fc.nat({ max: 500 }),
        fc.nat({ max: 1000 }),
        (pieces, bodyBytesMax, announced) => {
          const buffer = new BodyBuffer(bodyBytesMax, announced);
          const kept: number[] = [];
          for (const piece of pieces) {
            const fits = kept.length + piece.length <= bodyBytesMax;
            expect(buffer.append(piece)).toBe(fits);
            if (!fits) break;
            kept.push(...piece);
          }
          expect([...buffer.bytes()]).toEqual(kept);
        },
      ),
    );
  });

  it("sets little aside for a long body that is only announced", () => {
    expect(new BodyBuffer(10 ** 9, 10 ** 9).bytes().buffer.byteLength).toBe(64 * 1024);
  });

  it("keeps no more than twice what came in tiny pieces", () => {
    const buffer = new BodyBuffer(10 ** 6, 0);
    for (let count = 0; count < 100_000; count++) buffer.append(Uint8Array.of(1));
    expect(buffer.bytes().buffer.byteLength).toBeLessThanOrEqual(200_000);
  });
});

describe("the announced length", () => {
  it.each([
    ["12", 12],
    ["0", 0],
    ["-1", 0],
    ["1e3", 0],
    ["0x10", 0],
    ["3, 4", 0],
    ["", 0],
    [undefined, 0],
    [null, 0],
  ])("of %j is %j", (value, length) => {
    expect(announcedLength(value)).toBe(length);
  });
});
