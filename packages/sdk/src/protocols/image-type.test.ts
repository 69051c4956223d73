import * as fc from "fast-check";
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { imageTypeOf } from "./image-type.ts";
import { drawnPng } from "./testing/koipy.vectors.ts";
import { baselineJpeg, progressiveJpeg, tinyPng } from "./testing/images.vectors.ts";

const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

const whole: [string, Uint8Array, string][] = [
  ["a small PNG", tinyPng, "image/png"],
  ["the PNG that koipy's sample draws", drawnPng, "image/png"],
  ["a JPEG with one scan", baselineJpeg, "image/jpeg"],
  ["a progressive JPEG", progressiveJpeg, "image/jpeg"],
];

describe("the type of an image", () => {
  it.each(whole)("is detected from the bytes of %s", (_, bytes, type) => {
    expect(imageTypeOf(bytes)).toBe(type);
  });

  it.each(whole)("is null wherever %s is cut off", (_, bytes) => {
    const detected = Array.from({ length: bytes.length }, (_, length) => imageTypeOf(bytes.subarray(0, length)));
    expect(new Set(detected)).toEqual(new Set([null]));
  });

  it.each(whole)("is detected when other bytes follow %s", (_, bytes, type) => {
    expect(imageTypeOf(joined(bytes, new TextEncoder().encode("appended by an editor")))).toBe(type);
  });

  it("is null for a JPEG that is cut off after a preview with its own end marker", () => {
    const preview = joined(
      Uint8Array.of(0xff, 0xe1, (tinyJpegBytes + 2) >> 8, (tinyJpegBytes + 2) & 0xff),
      baselineJpeg,
    );
    const withPreview = joined(baselineJpeg.subarray(0, 2), preview, baselineJpeg.subarray(2));
    expect(imageTypeOf(joined(withPreview, Uint8Array.of(0)))).toBe("image/jpeg");
    expect(imageTypeOf(withPreview.subarray(0, withPreview.length - 20))).toBeNull();
  });

  it("is null for a PNG that is cut off after an end chunk inside another chunk", () => {
    const end = tinyPng.subarray(tinyPng.length - 12);
    const chunk = joined(Uint8Array.of(0, 0, 0, end.length), new TextEncoder().encode("prVt"), end, new Uint8Array(4));
    const whole = joined(tinyPng.subarray(0, 33), chunk, tinyPng.subarray(33));
    expect(imageTypeOf(whole)).toBe("image/png");
    expect(imageTypeOf(whole.subarray(0, whole.length - 1))).toBeNull();
  });

  it("skips restart markers, fill bytes and coded FF bytes", () => {
    const scan = [0xff, 0xda, 0, 2, 1, 0xff, 0, 0xff, 0xd0, 2, 0xff, 0xff, 0xd9, 7];
    expect(imageTypeOf(Uint8Array.of(0xff, 0xd8, 0xff, 0xff, 0xfe, 0, 3, 9, 0xff, 0x01, ...scan))).toBe("image/jpeg");
  });

  it.each([
    ["nothing", []],
    ["text", [0x68, 0x69]],
    ["a PNG's signature alone", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
    ["a JPEG's signature alone", [0xff, 0xd8, 0xff]],
    ["a segment shorter than its own length", [0xff, 0xd8, 0xff, 0xe0, 0, 1, 0xff, 0xd9, 0]],
    ["a segment that lies about its length", [0xff, 0xd8, 0xff, 0xe0, 0xff, 0xff, 0xff, 0xd9, 0]],
    ["a GIF", [0x47, 0x49, 0x46, 0x38, 0x39, 0x61]],
  ])("is none for %s", (_, bytes) => {
    expect(imageTypeOf(Uint8Array.from(bytes))).toBeNull();
  });

  it("returns an answer for every sequence of bytes", () => {
    const byte = fc.oneof(fc.constantFrom(0xff, 0xd8, 0xd9, 0xda, 0x00, 0x49), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 60 }), (bytes) => {
        const hostile = Uint8Array.of(0xff, 0xd8, 0xff, ...bytes);
        expect([null, "image/jpeg"]).toContain(imageTypeOf(hostile));
      }),
    );
  });

  it.each([
    ["a PNG whose chunks are empty", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], [0x00]],
    ["a PNG whose chunks lie about their length", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], [0x49]],
    ["a JPEG of fill bytes", [0xff, 0xd8, 0xff], [0xff]],
    ["a JPEG of empty segments", [0xff, 0xd8, 0xff, 0xe0, 0, 2], [0xff, 0xe0, 0, 2]],
    ["a JPEG of empty scans", [0xff, 0xd8, 0xff, 0xda, 0, 2], [0xff, 0xda, 0, 2]],
    ["a JPEG of one long scan", [0xff, 0xd8, 0xff, 0xda, 0, 2], [0xff, 0x00]],
  ])("is found with at most three reads per byte of %s", (_, beginning, repeated) => {
    const bytes = Uint8Array.from({ length: 9_999 }, (_, at) => repeated[at % repeated.length] ?? 0);
    bytes.set(beginning);
    const { counted, reads } = countingReads(bytes);
    expect(imageTypeOf(counted)).toBeNull();
    expect(reads()).toBeLessThan(3 * bytes.length);
  });
});

/** Returns the same bytes, and a count of the reads of single bytes and of 32-bit numbers. */
function countingReads(bytes: Uint8Array): { counted: Uint8Array; reads: () => number } {
  let indexed = 0;
  const counted = new Proxy(bytes, {
    get: (target, name) => {
      if (typeof name === "string" && /^\d+$/.test(name)) indexed++;
      return Reflect.get(target, name, target) as unknown;
    },
  });
  const numbers = vi.spyOn(DataView.prototype, "getUint32");
  onTestFinished(() => numbers.mockRestore());
  return { counted, reads: () => indexed + numbers.mock.calls.length };
}

const tinyJpegBytes = baselineJpeg.length;
