import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { BoundedBytes } from "./bounded-bytes.ts";

describe("bytes up to a limit", () => {
  it("are all pieces in their order, and the fitting part of the first piece over the limit, whatever length was announced", () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 30_000 }), { maxLength: 6 });
    fc.assert(
      fc.property(pieces, fc.nat({ max: 100_000 }), fc.nat({ max: 200_000 }), (pieces, bytesMax, announced) => {
        const bytes = new BoundedBytes(bytesMax, announced);
        const whole = Buffer.concat(pieces);
        expect(pieces.every((piece) => bytes.append(piece))).toBe(whole.length <= bytesMax);
        expect(Buffer.compare(bytes.bytes(), whole.subarray(0, bytesMax))).toBe(0);
      }),
    );
  });

  it("accept the limit itself and not a byte more", () => {
    const bytes = new BoundedBytes(3);
    expect(bytes.append(Uint8Array.of(1, 2, 3))).toBe(true);
    expect(bytes.append(Uint8Array.of(4))).toBe(false);
    expect(bytes.append(Uint8Array.of())).toBe(true);
    expect(bytes.bytes()).toEqual(Uint8Array.of(1, 2, 3));
  });

  it("belong to the caller, who can transfer their buffer even when there are none", () => {
    const one = new BoundedBytes(1).bytes();
    structuredClone(one, { transfer: [one.buffer] });
    const other = new BoundedBytes(1);
    expect(other.append(Uint8Array.of(1))).toBe(true);
    expect(other.bytes()).toEqual(Uint8Array.of(1));
  });

  it("take little memory for a length that is only announced", () => {
    const bytes = new BoundedBytes(10 ** 9, 10 ** 9);
    bytes.append(Uint8Array.of(1));
    expect(bytes.bytes().buffer.byteLength).toBe(64 * 1024);
  });

  it("take at most twice the memory of the bytes that arrived in tiny pieces", () => {
    const bytes = new BoundedBytes(10 ** 6);
    for (let count = 0; count < 100_000; count++) bytes.append(Uint8Array.of(1));
    expect(bytes.bytes().buffer.byteLength).toBeLessThanOrEqual(200_000);
  });
});
