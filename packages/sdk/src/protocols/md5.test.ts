import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { md5Hex as nodeMd5Hex, portableMd5Hex } from "./md5.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe.each([
  ["of Node", nodeMd5Hex],
  ["of any platform", portableMd5Hex],
])("MD5 %s", (_, md5Hex) => {
  it.each([
    ["", "d41d8cd98f00b204e9800998ecf8427e"],
    ["a", "0cc175b9c0f1b6a831c399e269772661"],
    ["abc", "900150983cd24fb0d6963f7d28e17f72"],
    ["message digest", "f96b697d7cb7938d525a2f31aaf161d0"],
    ["abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"],
    ["ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "d174ab98d277d9f5a5611c2c9f419d9f"],
    [
      "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
      "57edf4a22be3c955ac49da2e2107b67a",
    ],
  ])("of %j is what RFC 1321 prints", (text, digest) => {
    expect(md5Hex(bytes(text))).toBe(digest);
  });

  it("is that of OpenSSL for every sequence of bytes, wherever in a buffer it lies", () => {
    const part = fc.record({ whole: fc.uint8Array({ maxLength: 300 }), skipped: fc.nat(300) });
    fc.assert(
      fc.property(part, ({ whole, skipped }) => {
        const view = whole.subarray(skipped);
        expect(md5Hex(view)).toBe(createHash("md5").update(view).digest("hex"));
      }),
    );
  });

  it("is that of OpenSSL for each length around the ends of blocks", () => {
    for (let length = 0; length <= 200; length++) {
      const message = new Uint8Array(length).fill(0xff);
      expect(md5Hex(message)).toBe(createHash("md5").update(message).digest("hex"));
    }
  });

  it("is that of OpenSSL for a message whose length takes several bytes", () => {
    const message = new Uint8Array(2 ** 21 + 3).fill(7);
    expect(md5Hex(message)).toBe(createHash("md5").update(message).digest("hex"));
  });
});
