import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type BodyOptions, readBody } from "./stream-body.ts";

const options: BodyOptions = {
  bytesMax: 1_000,
  announcedBytes: 0,
  timeMsMax: null,
  droppedBytesMax: 3_000,
  dropsFirst: false,
};

function sentInPieces(bytes: number, pieceBytes: number): PassThrough {
  const stream = new PassThrough();
  for (let at = 0; at < bytes; at += pieceBytes) stream.write(new Uint8Array(pieceBytes).fill(at / pieceBytes));
  return stream;
}

describe("the body of a stream", () => {
  it("is all of its pieces, in one buffer of at most twice their size", async () => {
    for (const [pieces, pieceBytes] of [
      [8_000, 1],
      [100_000, 16],
    ] as const) {
      const stream = sentInPieces(pieces * pieceBytes, pieceBytes);
      const body = readBody(stream, { ...options, bytesMax: 2_000_000 });
      stream.end();
      const bytes = (await body) as Uint8Array;
      expect(bytes.length).toBe(pieces * pieceBytes);
      const each = [0, 1, 2, pieces - 1].map((index) => bytes[index * pieceBytes]);
      expect(each).toEqual([0, 1, 2, (pieces - 1) % 256]);
      expect(bytes.buffer.byteLength).toBeLessThanOrEqual(Math.max(16 * 1024, 2 * bytes.length));
    }
  });

  it.each([true, false])("is refused if it has too many pieces of a few bytes (dropsFirst: %s)", async (dropsFirst) => {
    const exceeded = vi.fn<() => void>();
    const stream = sentInPieces(15_000, 1);
    const limits = { bytesMax: 1_000_000, droppedBytesMax: 1_000_000 };
    expect(await readBody(stream, { ...options, ...limits, dropsFirst, exceeded })).toBe("too_many_pieces");
    expect(exceeded).toHaveBeenCalledTimes(dropsFirst ? 1 : 0);
  });

  it("is its only piece without a copy", async () => {
    const stream = new PassThrough();
    const piece = Buffer.from("whole");
    const body = readBody(stream, options);
    stream.end(piece);
    expect(await body).toBe(piece);
  });

  it("may have the limit, and not a byte more", async () => {
    for (const bytes of [1_000, 1_001]) {
      const body = readBody(sentInPieces(bytes, 1).end(), options);
      expect(typeof (await body)).toBe(bytes === 1_000 ? "object" : "string");
    }
  });

  it("is refused at once, and its rest is dropped up to a limit", async () => {
    const exceeded = vi.fn<() => void>();
    const stream = sentInPieces(1_001, 1);
    expect(await readBody(stream, { ...options, exceeded })).toBe("too_large");
    stream.write(new Uint8Array(1_999));
    await expect.poll(() => stream.readableLength).toBe(0);
    expect(exceeded).not.toHaveBeenCalled();
    stream.write(new Uint8Array(1));
    await expect.poll(() => exceeded.mock.calls.length).toBe(1);
  });

  it("is refused after the rest was dropped, if the caller wants that", async () => {
    const stream = sentInPieces(1_001, 1);
    const settled = vi.fn<(result: unknown) => void>();
    void readBody(stream, { ...options, dropsFirst: true }).then(settled);
    await expect.poll(() => stream.readableLength).toBe(0);
    expect(settled).not.toHaveBeenCalled();
    stream.end();
    await expect.poll(() => settled.mock.calls[0]?.[0]).toBe("too_large");
  });

  it("is refused when its announced length is too large, when it is lost, and when a budget is used up", async () => {
    expect(await readBody(new PassThrough(), { ...options, announcedBytes: 1_001 })).toBe("too_large");
    const lost = new PassThrough();
    const body = readBody(lost, options);
    lost.destroy();
    expect(await body).toBe("incomplete");
    expect(await readBody(lost, options)).toBe("incomplete");
    let budget = 10;
    const take = (bytes: number): boolean => (budget -= bytes) >= 0;
    expect(await readBody(sentInPieces(11, 1), { ...options, take })).toBe("refused");
  });

  it.each([true, false])("is dropped at once when its caller gives it up (dropsFirst: %s)", async (dropsFirst) => {
    const given: (() => void)[] = [];
    const take = (_bytes: number, giveUp: () => void): boolean => {
      given.push(giveUp);
      return true;
    };
    const stream = sentInPieces(10, 1);
    const body = readBody(stream, { ...options, dropsFirst, take });
    await expect.poll(() => stream.readableLength).toBe(0);
    given[0]?.();
    expect(await body).toBe("too_slow");
  });

  describe("with a time limit", () => {
    beforeEach(() => void vi.useFakeTimers());
    afterEach(() => void vi.useRealTimers());

    it("is refused when it takes longer", async () => {
      const body = readBody(new PassThrough(), { ...options, timeMsMax: 60_000 });
      vi.advanceTimersByTime(60_000);
      expect(await body).toBe("too_slow");
      expect(vi.getTimerCount()).toBe(0);
    });

    it("leaves no timer behind", async () => {
      const body = readBody(sentInPieces(10, 1).end(), { ...options, timeMsMax: 60_000 });
      await vi.advanceTimersByTimeAsync(10);
      await body;
      expect(vi.getTimerCount()).toBe(0);
    });
  });
});
