import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import en from "./en.json" with { type: "json" };
import zh from "./zh.json" with { type: "json" };

const languages: Readonly<Record<string, Readonly<Record<string, string>>>> = { en, zh };
const keys = Object.keys(en);
const source = sourceFiles(join(import.meta.dirname, ".."));
/** The texts in quotation marks: keys, and the prefixes of keys that are known only at run time. */
const quoted = new Set(
  Array.from(source.matchAll(/["`](?<text>[\w.-]+?)(?:["`]|\.\$\{)/g), ({ groups }) => groups?.["text"]),
);

describe("sentences", () => {
  it("have the same keys in every language", () => {
    // In English the texts of fields are those of the API's document; `forms/sentences.test.ts` checks the others.
    expect(Object.keys(zh).filter((key) => !key.startsWith("field."))).toEqual(keys);
  });

  it.each(Object.entries(languages))("are sorted by key, and none is empty: %s", (_name, sentences) => {
    expect(Object.keys(sentences)).toEqual(Object.keys(sentences).toSorted());
    expect(Object.entries(sentences).filter(([, sentence]) => sentence.trim() === "")).toEqual([]);
  });

  it("have the same values in every language", () => {
    const different = keys.filter((key) => valuesOf(languages["en"], key) !== valuesOf(languages["zh"], key));
    expect(different).toEqual([]);
  });

  it("are all used", () => {
    expect(keys.filter((key) => !isUsed(key))).toEqual([]);
  });

  it("exist for every key in the code", () => {
    const used = source.matchAll(/\btext(?<count>\.count)?\(\s*"(?<key>[^"]+)"/g);
    const missing = Array.from(used, ({ groups }) => groups?.["key"] + (groups?.["count"] ? "_other" : ""));
    expect(missing.filter((key) => !(key in en))).toEqual([]);
  });
});

/** A key is used by itself, without its ending of a plural, or by its prefix. */
function isUsed(key: string): boolean {
  const name = key.replace(/_(?:one|other)$/, "");
  return quoted.has(key) || quoted.has(name) || quoted.has(key.slice(0, key.indexOf(".")));
}

/** The names in braces of a sentence. A plural of one may leave its number out. */
function valuesOf(sentences: Readonly<Record<string, string>> = {}, key: string): string {
  const names = Array.from((sentences[key] ?? "").matchAll(/\{\w+\}/g), ([name]) => name);
  const needed = key.endsWith("_one") ? names.filter((name) => name !== "{n}") : names;
  return [...new Set(needed)].toSorted().join();
}

function sourceFiles(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.tsx?$/.test(name) && !/\.test\.tsx?$/.test(name))
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .join("\n");
}
