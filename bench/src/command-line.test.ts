import { describe, expect, it } from "vitest";
import { parseCommandLine, UsageError } from "./command-line.ts";

const known = { always: ["publish-one", "fanout"], postgres: ["nodes"] };

describe("parseCommandLine", () => {
  it("runs everything, whole, and checks no figure when nothing is said", () => {
    expect(parseCommandLine([], known)).toMatchObject({
      database: "sqlite",
      only: known.always,
      scale: 1,
      json: null,
      check: false,
    });
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

  it("runs what only PostgreSQL has as well when that is asked for", () => {
    const args = ["--database", "postgres"];
    expect(parseCommandLine(args, known)).toMatchObject({
      database: "postgres",
      only: ["publish-one", "fanout", "nodes"],
    });
    expect(parseCommandLine([...args, "--only", "nodes"], known).only).toEqual(["nodes"]);
  });

  it.each([
    [["--only", "hooks"], "no scenario hooks; there are publish-one, fanout"],
    [["--only", "nodes"], "scenario nodes needs --database postgres"],
    [["--database", "mysql"], "--database is sqlite or postgres"],
    [["--scale", "0"], "--scale is a number"],
    [["--scale", "fast"], "--scale is a number"],
    [["--sclae", "1"], "--sclae"],
    [["stray"], "stray"],
  ])("refuses %j", (args, message) => {
    expect(() => parseCommandLine(args, known)).toThrow(UsageError);
    expect(() => parseCommandLine(args, known)).toThrow(message);
  });
});
