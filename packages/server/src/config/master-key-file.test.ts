import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { masterKeysOf, replaceMasterKey } from "./master-key-file.ts";

/** Real: the file system. Faked: the log. */
let folder: string;
let lines: string[];
const log = {
  info: (fields: object, message: string) => void lines.push(`info ${message} ${JSON.stringify(fields)}`),
};
const file = () => join(folder, "master.key");
const mode = () => statSync(file()).mode & 0o777;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ringback-master-key-"));
  lines = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("the file of the master key", () => {
  it("is made for its owner alone, is named in one line of the log without the key, and is read from then on", () => {
    const [key = "", ...others] = masterKeysOf(folder, [], log);
    expect(Buffer.from(key, "base64url")).toHaveLength(32);
    expect(others).toEqual([]);
    expect(readFileSync(file(), "utf8")).toBe(`${key}\n`);
    expect(mode()).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["master.key"]);
    expect(lines).toEqual([expect.stringContaining(file())]);
    expect(lines.join("")).not.toContain(key);
    expect(masterKeysOf(folder, [], log)).toEqual([key]);
    expect(lines).toHaveLength(1);
  });

  it("is another one in each folder", () => {
    const [first] = masterKeysOf(folder, [], log);
    rmSync(file());
    expect(masterKeysOf(folder, [], log)).not.toEqual([first]);
  });

  it("is not made if a master key is configured, and comes after the configured ones if it exists", () => {
    expect(masterKeysOf(folder, ["configured"], log)).toEqual(["configured"]);
    expect(readdirSync(folder)).toEqual([]);
    const [key] = masterKeysOf(folder, [], log);
    expect(masterKeysOf(folder, ["new", "old"], log)).toEqual(["new", "old", key]);
  });

  it("is made although a crash has left an unfinished one", () => {
    writeFileSync(`${file()}.new`, "unfin");
    const [key] = masterKeysOf(folder, [], log);
    expect(readFileSync(file(), "utf8")).toBe(`${key}\n`);
    expect(readdirSync(folder)).toEqual(["master.key"]);
  });

  it.each([
    ["is empty", ""],
    ["is too short", "c2hvcnQ\n"],
    ["holds two keys", `${"A".repeat(43)}\n${"A".repeat(43)}\n`],
    ["holds bits that no base64url text of 32 bytes has", `${"A".repeat(42)}B\n`],
  ])("stops the start if it %s, stays as it is, and the error says what to do without quoting it", (_what, text) => {
    writeFileSync(file(), text, { mode: 0o600 });
    for (const configured of [[], ["configured"]]) {
      expect(() => masterKeysOf(folder, configured, log)).toThrow(
        expect.objectContaining({
          code: "storage_unavailable",
          message: expect.stringMatching(
            /^The file of the master key ".*master\.key" cannot be used: it does not contain 32 bytes in base64url\. Restore the file/,
          ) as string,
        }),
      );
    }
    expect(readFileSync(file(), "utf8")).toBe(text);
    expect(lines).toEqual([]);
  });

  it.each([
    ["a folder", () => mkdirSync(file())],
    ["a large file", () => writeFileSync(file(), "A".repeat(2_000))],
    ["a device", () => symlinkSync("/dev/zero", file())],
  ])("stops the start if it is %s", { skip: process.platform === "win32" }, (_what, make) => {
    make();
    expect(() => masterKeysOf(folder, [], log)).toThrow(/master\.key" cannot be used: it is not a small file/);
  });
});

describe("a replaced master key", () => {
  it("stays beside the new one, and the new one comes first", () => {
    const [first = ""] = masterKeysOf(folder, [], log);
    const second = replaceMasterKey(folder);
    expect(masterKeysOf(folder, [], log)).toEqual([second, first]);
    const third = replaceMasterKey(folder);
    expect(masterKeysOf(folder, ["configured"], log)).toEqual(["configured", third, second, first]);
    expect(readdirSync(folder).toSorted()).toEqual(["master.key", "master.key.1", "master.key.2"]);
    expect(readFileSync(file(), "utf8")).toBe(`${third}\n`);
    expect(mode()).toBe(0o600);
    expect(new Set([first, second, third]).size).toBe(3);
  });

  it("is none in a folder without the file", () => {
    expect(replaceMasterKey(folder)).toBeNull();
    expect(readdirSync(folder)).toEqual([]);
  });
});
