import { describe, expect, it } from "vitest";
import { parseCommandLine, UsageError } from "./command-line.ts";

const known = { always: ["publish-one", "fanout"], postgres: ["nodes"] };

describe("parseCommandLine", () => {
  it("runs every scenario at full scale and checks no figure by default", () => {
    expect(parseCommandLine([], known)).toMatchObject({
      database: "sqlite",
      only: known.always,
      scale: 1,
      json: null,
      lostAfterMs: 20_000,
      check: false,
    });
  });

  it("reads the options", () => {
    const args = ["--only", "fanout, publish-one", "--scale", "0.1", "--json", "x.json", "--check", "--profile"];
    expect(parseCommandLine(["--lost-after", "1.5"], known).lostAfterMs).toBe(1_500);
    expect(parseCommandLine(args, known)).toMatchObject({
      only: ["fanout", "publish-one"],
      scale: 0.1,
      json: "x.json",
      check: true,
      profile: true,
    });
    expect(parseCommandLine(["--no-check"], known).check).toBe(false);
  });

  it("adds the scenarios that need PostgreSQL with --database postgres", () => {
    const args = ["--database", "postgres"];
    expect(parseCommandLine(args, known)).toMatchObject({
      database: "postgres",
      only: ["publish-one", "fanout", "nodes"],
    });
    expect(parseCommandLine([...args, "--only", "nodes"], known).only).toEqual(["nodes"]);
  });

  it.each([
    [["--only", "hooks"], "no scenario hooks; the scenarios are publish-one, fanout"],
    [["--only", "nodes"], "scenario nodes needs --database postgres"],
    [["--database", "mysql"], "--database is sqlite or postgres"],
    [["--scale", "0"], "--scale is a number"],
    [["--scale", "fast"], "--scale is a number"],
    [["--lost-after=-1"], "--lost-after is a number from 0 to 3600"],
    [["--lost-after", ""], "--lost-after is a number"],
    [["--sclae", "1"], "--sclae"],
    [["stray"], "stray"],
  ])("refuses %j", (args, message) => {
    expect(() => parseCommandLine(args, known)).toThrow(UsageError);
    expect(() => parseCommandLine(args, known)).toThrow(message);
  });
});
