import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { retryAfterOf } from "./retry-after.ts";

/** The time in the examples of RFC 9110. */
const nineteenNinetyFour = Date.UTC(1994, 10, 6, 8, 49, 37);

describe("Retry-After", () => {
  it.each([
    ["0", 0],
    ["120", 120_000],
    ["007", 7_000],
    ["999999999", 999_999_999_000],
  ])("%j is a wait of %d ms", (value, delayMs) => {
    expect(retryAfterOf(value)).toEqual({ delayMs });
  });

  it("is a very long delay for a number with too many digits", () => {
    for (const value of ["1000000000", "9".repeat(5000)]) expect(retryAfterOf(value)).toEqual({ delayMs: 1e12 });
  });

  it.each(["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"])(
    "%j is a moment",
    (value) => {
      expect(retryAfterOf(value)).toEqual({ atMs: nineteenNinetyFour });
    },
  );

  it("is the time of its date, to the second", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (seconds) => {
        expect(retryAfterOf(new Date(seconds * 1000).toUTCString())).toEqual({ atMs: seconds * 1000 });
      }),
    );
  });

  it.each([
    undefined,
    "",
    " ",
    "-1",
    "+1",
    "1.5",
    "1e3",
    "0x10",
    "1 ",
    "1, 2",
    "١",
    "soon",
    "1994-11-06T08:49:37Z",
    "Sun, 06 Nov 1994 08:49:37",
    "Sun, 06 Nov 1994 08:49:37 PST",
    "Sun, 06 Nov 1994 25:49:37 GMT",
    "Sun, 99 Nov 1994 08:49:37 GMT",
    "sun, 06 nov 1994 08:49:37 gmt",
    "Sun, 06 Nov 1994 08:49:37 GMT, 5",
    "Sun, 06 Nov 1994 08:49:37 GMT\n",
  ])("says nothing with %j", (value) => {
    expect(retryAfterOf(value)).toBeNull();
  });
});
