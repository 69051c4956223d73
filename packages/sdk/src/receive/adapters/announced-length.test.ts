import { describe, expect, it } from "vitest";

import { announcedLength } from "./announced-length.ts";

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
