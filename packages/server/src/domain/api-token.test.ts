import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatToken, parseToken } from "./api-token.ts";

const id = fc.stringMatching(/^AKID[a-zA-Z\d_-]{1,60}$/);
const secret = fc.stringMatching(/^[a-zA-Z\d]{32}$/);

describe("a token", () => {
  it("names its key and holds its secret", () => {
    fc.assert(
      fc.property(id, secret, (id, secret) => {
        const token = formatToken({ id, secret });
        expect(token).toMatch(/^rbk_[!-~]+$/);
        expect(parseToken(token)).toEqual({ id, secret });
      }),
    );
  });

  it("with one changed character is no token", () => {
    fc.assert(
      fc.property(id, secret, fc.nat(), fc.constantFrom("a", "Z", "7", "_", "-"), (id, secret, at, letter) => {
        const token = formatToken({ id, secret });
        const index = at % token.length;
        fc.pre(token[index] !== letter);
        expect(parseToken(token.slice(0, index) + letter + token.slice(index + 1))).toBeNull();
      }),
    );
  });

  it.each(["", "rbk_", "rbk_a_b", `rbk_${"x".repeat(10_000)}`, "Bearer rbk_a"])("is not %j", (text) => {
    expect(parseToken(text)).toBeNull();
  });
});
