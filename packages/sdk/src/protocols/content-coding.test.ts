import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { decodeContent } from "./content-coding.ts";

// Real: DecompressionStream. Nothing is faked.
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const gzipped = (...members: (string | Uint8Array)[]): Uint8Array =>
  Buffer.concat(members.map((member) => gzipSync(member)));
const invalid = "the reply's body is not valid gzip, as its Content-Encoding says";

describe("a gzip body of several members", () => {
  it.each([
    ["two", ['{"action":', '"reject"}']],
    ["three, of which one is empty", ['{"action":', "", '"reject"}']],
    ["seventeen", "a body of members".split("")],
    ["a large one and a small one", ["x".repeat(100_000), "y"]],
  ])("is decoded to its end: %s", async (_what, members) => {
    const taken: number[] = [];
    const take = (bytes: number): boolean => taken.push(bytes) > 0;
    const { body, fault } = await decodeContent("gzip", gzipped(...members), 200_000, take);
    expect([text(body), fault]).toEqual([members.join(""), null]);
    expect(taken.reduce((sum, bytes) => sum + bytes, 0)).toBe(body.length);
  });

  it("is decoded although its data looks like the start of another member", async () => {
    // Bytes that cannot be compressed are stored as they are.
    const data = Uint8Array.from({ length: 4_000 }, (_, index) => (index * index * 31 + (index >> 3) * 7) & 0xff);
    for (const at of [100, 900, 2_000]) data.set([0x1f, 0x8b, 8, 0], at);
    const stored = gzipSync(data, { level: 0 });
    const { body, fault } = await decodeContent("gzip", Buffer.concat([stored, stored]), 10_000);
    expect([Buffer.compare(body, Buffer.concat([data, data])), fault]).toEqual([0, null]);
  });

  it("is too large when all members together are", async () => {
    const { body, fault } = await decodeContent("gzip", gzipped("x".repeat(60), "y".repeat(60)), 100);
    expect([text(body), fault]).toEqual(["x".repeat(60) + "y".repeat(40), "too_large"]);
  });

  it.each([
    ["is cut off", gzipped("one", "two").subarray(0, -1), "one"],
    ["is followed by other bytes", Buffer.concat([gzipped("one", "two"), Buffer.from("junk")]), "one"],
  ])("is not valid when the last one %s, and the whole ones before it are decoded", async (_what, encoded, whole) => {
    const { body, fault } = await decodeContent("gzip", encoded, 100);
    expect(fault).toBe(invalid);
    expect(text(body)).toMatch(new RegExp(`^${whole}`));
  });

  it("costs no more than its limits when every byte looks like the start of a member", async () => {
    const starts = Uint8Array.from({ length: 400_000 }, (_, index) => [0x1f, 0x8b, 8, 0][index % 4] ?? 0);
    const stored = gzipSync(starts, { level: 0 });
    const { body, fault } = await decodeContent("gzip", stored, 400_000);
    expect([body.length, fault]).toEqual([400_000, null]);
  });
});
