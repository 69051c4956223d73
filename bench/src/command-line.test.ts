import { describe, expect, it } from "vitest";
import { parseCommandLine, UsageError } from "./command-line.ts";

const known = ["publish-one", "fanout"];

describe("parseCommandLine", () => {
  it("runs everything, whole, and checks no figure when nothing is said", () => {
    expect(parseCommandLine([], known)).toMatchObject({ only: known, scale: 1, json: null, check: false });
  });

  it("reads what is said", () => {
    const args = ["--only", "fanout, publish-one", "--scale", "0.1", "--json", "x.json", "--check", "--profile"];
    expect(parseCommandLine(args, known)).toMatchObject({
      only: ["fanout", "publish-one"],
      scale: 0.1,
      json: "x.json",
      check: true,
      profile: true,
    });
    expect(parseCommandLine(["--no-check"], known).check).toBe(false);
  });

  it.each([
    [["--only", "hooks"], "no scenario hooks; there are publish-one, fanout"],
    [["--scale", "0"], "--scale is a number"],
    [["--scale", "fast"], "--scale is a number"],
    [["--sclae", "1"], "--sclae"],
    [["stray"], "stray"],
  ])("refuses %j", (args, message) => {
    expect(() => parseCommandLine(args, known)).toThrow(UsageError);
    expect(() => parseCommandLine(args, known)).toThrow(message);
  });
});
