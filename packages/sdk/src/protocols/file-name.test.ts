import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { fileNameBytesMax, safeFileName } from "./file-name.ts";
import { anyText } from "./testing/any-text.ts";

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

describe("a safe file name", () => {
  it.each([
    "test.jpg",
    "测试结果.png",
    "a b.tar.gz",
    "100% (1).txt",
    "Zoë's".replace("'", "’"),
    "_",
    "icon.txt",
    "😀.png",
    "👩\u200d💻.png",
    "❤\ufe0f.png",
    "می\u200cخواهم.txt",
    "a-b.txt",
  ])("leaves %j as it is", (name) => {
    expect(safeFileName(name)).toBe(name);
  });

  it.each([
    ["../../etc/passwd", "passwd"],
    ["/etc/passwd", "passwd"],
    ["..\\..\\windows\\system32\\cmd.exe", "cmd.exe"],
    ["C:\\fakepath\\a.jpg", "a.jpg"],
    ["a/../b", "b"],
    ["c:a.txt", "c_a.txt"],
    ["a.txt::$DATA", "a.txt__$DATA"],
    ["a\r\nSet-Cookie: x=1", "aSet-Cookie_ x=1"],
    ["a\0.jpg", "a.jpg"],
    ['a"b.jpg', "a_b.jpg"],
    ["it's`.sh", "it_s_.sh"],
    ["<script>.html", "_script_.html"],
    ["a|b?c*", "a_b_c_"],
    [".bashrc", "bashrc"],
    ["...", null],
    ["..", null],
    [".", null],
    ["", null],
    [" ", null],
    ["a/", null],
    ["../", null],
    ["\u202e", null],
    ["name.txt. . .", "name.txt"],
    ["a..b", "a.b"],
    ["invoice\u202egpj.exe", "invoicegpj.exe"],
    ["CON", "_CON"],
    ["nul.txt", "_nul.txt"],
    ["com1 .log", "_com1 .log"],
    ["LPT¹", "_LPT¹"],
    ["conin$", "_conin$"],
    ["com0", "_com0"],
    ["com10", "com10"],
    ["\ud800.txt", "\ufffd.txt"],
    ["a\u061cb.txt", "ab.txt"],
    ["\u200b", null],
    ["\u2060\u00ad\u3164", null],
    ["\u{e0041}\u{e007f}", null],
    ["\u200d \ufe0f", null],
    ["\u2800", null],
    ["a\ufffe\u{1ffff}.txt", "a.txt"],
    ["C\u200bON", "_CON"],
    ["n\u00adul.txt", "_nul.txt"],
    ["co\u200dn.txt", "_co\u200dn.txt"],
    ["-rf", "_rf"],
    ["--help.txt", "_-help.txt"],
    [" .-a", "_a"],
    [`con${" ".repeat(300)}x.txt`, "_con.txt"],
  ])("makes of %j %j", (name, safe) => {
    expect(safeFileName(name)).toBe(safe);
  });

  it("is cut to the limit of file systems, between two characters, and keeps its extension", () => {
    const name = safeFileName(`${"语".repeat(200)}.jpeg`);
    expect(name).toMatch(/^语+\.jpeg$/u);
    expect(bytesOf(name ?? "")).toBe(fileNameBytesMax - 1);
    expect(safeFileName("a".repeat(10_000))).toBe("a".repeat(fileNameBytesMax));
    expect(safeFileName(`a.${"b".repeat(10_000)}`)).toBe(`a.${"b".repeat(fileNameBytesMax - 2)}`);
    expect(safeFileName(`${"a".repeat(249)} . ${"a".repeat(99)}.jpeg`)).toBe(`${"a".repeat(249)}.jpeg`);
  });

  it.each([
    ["blanks", " ", "end", "end"],
    ["dots and blanks", ". ", "end.", "end"],
    ["steps out of the folder", "../", "end", "end"],
    ["hyphens", "-", "", `_${"-".repeat(fileNameBytesMax - 1)}`],
    ["letters", "a", "", "a".repeat(fileNameBytesMax)],
  ])("is read only from the end of a text that is mostly %s", (_, repeated, end, safe) => {
    expect(safeFileName(`beginning${repeated.repeat(1_000_000)}${end}`)).toBe(safe);
  });

  it("has no folder for any text, and is itself safe", () => {
    const piece = fc.constantFrom(
      "..",
      ".",
      "/",
      "\\",
      " ",
      "con",
      "COM1",
      '"',
      "\r\n",
      "%2e",
      "名",
      "\u202e",
      ":",
      "\u200b",
      "\u200d",
      "-",
    );
    const text = fc.oneof(
      anyText({ maxLength: 400 }),
      fc.string({ unit: fc.oneof(piece, fc.string({ minLength: 1, maxLength: 1 })), maxLength: 300 }),
    );
    fc.assert(
      fc.property(text, (hostile) => {
        const name = safeFileName(hostile);
        fc.pre(name !== null);
        expect(name).not.toMatch(/[/\\<>:"|?*\p{Cc}\p{Cs}]|\.\.|^[-. ]|[. ]$|^(?:con|nul|com1)(?: *\.|$)/iu);
        expect(bytesOf(name)).toBeLessThanOrEqual(fileNameBytesMax);
        expect(safeFileName(name)).toBe(name);
      }),
    );
  });
});
