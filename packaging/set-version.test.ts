/** Real: the files of the repository that name the version. Nothing is written. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import manifest from "../packages/server/package.json" with { type: "json" };
import { mentions, readRelease, withReleasedChanges, withVersion } from "./set-version.ts";

const textOf = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), "utf8");

describe("a release", () => {
  it("names its version in every file that names one, and changes nothing else", () => {
    for (const mention of mentions) {
      const text = textOf(mention.file);
      const changed = withVersion(mention, text, "9.8.7-rc.1");
      expect([mention.file, changed.includes("9.8.7-rc.1")]).toEqual([mention.file, true]);
      expect(withVersion(mention, changed, manifest.version)).toBe(text);
      const others = changed.split("\n").filter((line) => line.includes(manifest.version) && /ringback/i.test(line));
      expect(others).toEqual([]);
    }
  });

  it("refuses a file that does not name the version any more", () => {
    const [mention] = mentions;
    if (mention === undefined) throw new Error("there are no files");
    expect(() => withVersion(mention, "{}", "1.0.0")).toThrow("packages/sdk/package.json does not name the version");
  });

  it("gives the unreleased changes its number and its day", () => {
    const changed = withReleasedChanges(
      "# Changelog\n\n## [Unreleased]\n\n* A\n\n## [0.1.0] - 2026-01-01\n",
      "0.2.0",
      "2026-12-01",
    );
    expect(changed).toBe(
      "# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2026-12-01\n\n* A\n\n## [0.1.0] - 2026-01-01\n",
    );
    expect(() => withReleasedChanges(changed, "0.3.0", "2026-12-02")).toThrow("nothing to release");
  });

  it.each([undefined, "", "1.2", "v1.2.3", "1.2.3 ", "latest"])("is not called %j", (text) => {
    expect(() => readRelease(text)).toThrow("npm run release -- 1.2.3");
  });
});
