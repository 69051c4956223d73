import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { BoundedBytes } from "./bounded-bytes.ts";

describe("bytes up to a bound", () => {
  it("are all pieces in their order, as long as they fit", () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 30_000 }), { maxLength: 6 });
    fc.assert(
      fc.property(pieces, fc.nat({ max: 100_000 }), (pieces, bytesMax) => {
        const bytes = new BoundedBytes(bytesMax);
        const fitted = pieces.filter((piece) => bytes.append(piece));
        expect(Buffer.compare(bytes.taken(), Buffer.concat(fitted))).toBe(0);
        expect(fitted.length === pieces.length).toBe(Buffer.concat(pieces).length <= bytesMax);
      }),
    );
  });

  it("take the bound itself and not a byte more", () => {
    const bytes = new BoundedBytes(3);
    expect(bytes.append(Uint8Array.of(1, 2, 3))).toBe(true);
    expect(bytes.append(Uint8Array.of(4))).toBe(false);
    expect(bytes.append(Uint8Array.of())).toBe(true);
    expect(bytes.taken()).toEqual(Uint8Array.of(1, 2, 3));
  });
});
