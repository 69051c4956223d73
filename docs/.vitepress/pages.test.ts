import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path/posix";
import { describe, expect, it } from "vitest";
import { isPage } from "./markdown.ts";
import { docsFolder, linkTo, listedSections, sidebar } from "./pages.ts";
import { codeBlocks, headingLevels } from "./structure.ts";

const all = globSync("**/*.md", { cwd: docsFolder, exclude: (name) => name === ".vitepress" }).sort();
const translated = all.filter((path) => path.startsWith("zh/"));
const english = all.filter((path) => !path.startsWith("zh/") && path !== "index.md");
const read = (path: string) => readFileSync(docsFolder + path, "utf8");

describe("the navigation", () => {
  const listed = listedSections().flatMap(({ paths }) => paths);

  it("lists every page once", () => {
    expect([...listed].sort()).toEqual(english);
  });

  it("reaches every page in two clicks: in the sidebar, or from the first page of its section", () => {
    const inSidebar = new Set(sidebar("en").flatMap(({ items }) => items.map(({ link }) => link)));
    for (const { paths, isIndexed } of listedSections()) {
      const [first = "", ...others] = paths;
      const reached = isIndexed === true ? linksOf(first).map(linkTo) : [...inSidebar];
      expect(inSidebar).toContain(linkTo(first));
      expect(reached).toEqual(expect.arrayContaining(others.map(linkTo)));
    }
  });

  it("shows the translated page in the Chinese sidebar", () => {
    const links = sidebar("zh").flatMap(({ items }) => items.map(({ link }) => link));
    expect(links).toEqual(expect.arrayContaining(["/zh/start", "/reference/api/"]));
    expect(links).toHaveLength(sidebar("en").flatMap(({ items }) => items).length);
  });
});

describe("links", () => {
  it.each(all)("of %s lead to pages that exist", (path) => {
    for (const target of linksOf(path)) expect(all, `the link in docs/${path}`).toContain(target);
  });

  it.each([
    ["receiving.md", true],
    ["../reference/errors.md#x", true],
    ["#section", true],
    ["https://host.example/", true],
    ["../../deploy/compose.yaml", false],
    ["../../packages/sdk/README.md", false],
    ["../reference/openapi.json", false],
    ["../adr/", false],
  ])("to %s from a guide is a link on the site: %s", (href, expected) => {
    expect(isPage(href, "guide/hooks.md")).toBe(expected);
  });
});

describe.each(translated)("docs/%s", (path) => {
  const original = path.slice("zh/".length);

  it("has the headings and the code blocks of the English page", () => {
    expect(all).toContain(original);
    expect(headingLevels(read(path))).toEqual(headingLevels(read(original)));
    expect(codeBlocks(read(path))).toEqual(codeBlocks(read(original)));
  });
});

/** Returns the pages that the page links to. */
function linksOf(path: string): string[] {
  const text = read(path).replaceAll(/^```[^]*?^```$/gm, "");
  return [...text.matchAll(/\]\(([^)#\s]+\.md)(?:#[^)\s]*)?\)/g)]
    .map(([, href = ""]) => href)
    .filter((href) => !href.includes("://") && isPage(href, path))
    .map((href) => normalize(join(dirname(path), href)));
}
