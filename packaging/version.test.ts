import { expect, it } from "vitest";
import { isAfter, isVersion } from "./version.ts";

it("orders versions as section 11 of Semantic Versioning does", () => {
  const ordered = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11"];
  const all = [...ordered, "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0"];
  for (const [index, a] of all.entries()) {
    for (const [other, b] of all.entries()) expect([a, b, isAfter(a, b)]).toEqual([a, b, index > other]);
  }
});

it("accepts versions without build metadata only", () => {
  expect(["0.1.0", "10.20.30", "1.2.3-rc.1", "1.0.0-x-y"].every(isVersion)).toBe(true);
  expect(["1", "1.2", "v1.2.3", "1.2.3+5", "1.2.3-", "01.2.3", "1.2.3-rc.01", ""].some(isVersion)).toBe(false);
});
