import * as fc from "fast-check";
import { expect, it } from "vitest";
import { WholeReply } from "./whole-reply.ts";

it("contains the received bytes, in whatever pieces they came", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40_000 }), { maxLength: 8 }), (pieces) => {
      const whole = Buffer.concat(pieces);
      const reply = new WholeReply(whole.length);
      expect(pieces.every((piece) => reply.append(piece))).toBe(true);
      expect(Buffer.compare(reply.bytes(), whole)).toBe(0);
      expect(reply.append(Uint8Array.of(0))).toBe(false);
      expect(Buffer.compare(reply.bytes(), whole)).toBe(0);
    }),
    { numRuns: 50 },
  );
});

it("keeps as much of a reply that is too large as fits, and takes no more budget than that", () => {
  const asked: number[] = [];
  const reply = new WholeReply(5, (bytes) => asked.push(bytes) > 0);
  expect(reply.append(Uint8Array.of(1, 2, 3))).toBe(true);
  expect(reply.append(Uint8Array.of(4, 5, 6, 7))).toBe(false);
  expect(reply.bytes()).toEqual(Uint8Array.of(1, 2, 3, 4, 5));
  expect(asked).toEqual([3, 2]);
});

it("keeps nothing of a reply that exceeds the caller's budget", () => {
  let room = 5;
  const reply = new WholeReply(100, (bytes) => (room -= bytes) >= 0);
  expect(reply.append(new Uint8Array(4))).toBe(true);
  expect(reply.append(new Uint8Array(4))).toBe(false);
  expect(reply.bytes()).toHaveLength(0);
});

it("takes as much memory as a reply in one piece has", () => {
  const reply = new WholeReply(1024 * 1024);
  reply.append(Uint8Array.of(1, 2, 3));
  expect(reply.bytes().buffer.byteLength).toBe(3);
});

it("takes about as much memory as a reply has that comes byte by byte", () => {
  const reply = new WholeReply(1024 * 1024);
  for (let at = 0; at < 1024 * 1024; at++) reply.append(Uint8Array.of(at));
  expect(reply.bytes().buffer.byteLength).toBe(1024 * 1024);
});
