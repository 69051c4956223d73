import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { notesOf, sections, withRelease } from "./changelog.ts";

const address = "https://example.com/a/b";
const text = "# Changelog\n\n## [Unreleased]\n\n### Fixed\n\n* A fault.\n";

it("links each version to its changes since the one before", () => {
  const first = withRelease(text, "1.0.0", "2026-01-01", address);
  expect(first.trimEnd().split("\n").slice(-2)).toEqual([
    `[Unreleased]: ${address}/compare/v1.0.0...HEAD`,
    `[1.0.0]: ${address}/releases/tag/v1.0.0`,
  ]);
  const more = first.replace("## [Unreleased]\n", "## [Unreleased]\n\n### Added\n\n* A thing.\n");
  const second = withRelease(more, "1.1.0", "2026-02-01", address);
  expect(sections(second).map(({ name, date }) => [name, date])).toEqual([
    ["Unreleased", null],
    ["1.1.0", "2026-02-01"],
    ["1.0.0", "2026-01-01"],
  ]);
  expect(notesOf(second, "1.1.0")).toBe("### Added\n\n* A thing.");
  expect(notesOf(second, "1.0.0")).toBe("### Fixed\n\n* A fault.");
  expect(second.match(/^\[.+\]: .+$/gm)).toEqual([
    `[Unreleased]: ${address}/compare/v1.1.0...HEAD`,
    `[1.1.0]: ${address}/compare/v1.0.0...v1.1.0`,
    `[1.0.0]: ${address}/releases/tag/v1.0.0`,
  ]);
});

it("refuses a version that the changelog already has", () => {
  const first = withRelease(text, "1.0.0", "2026-01-01", address);
  const more = first.replace("## [Unreleased]\n", "## [Unreleased]\n\n### Added\n\n* A thing.\n");
  expect(() => withRelease(more, "1.0.0", "2026-02-01", address)).toThrow(/already has/);
});

it("is in the form of Keep a Changelog", () => {
  const changelog = readFileSync(new URL("../CHANGELOG.md", import.meta.url), "utf8");
  expect(sections(changelog)[0]?.name).toBe("Unreleased");
});
