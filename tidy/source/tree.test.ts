import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { makeTree, readTree } from "./tree.ts";

const tree = makeTree({ "packages/sdk/src/a.ts": "one\ntwo", "README.md": "" });

it("finds files and folders by their whole path and by its end", () => {
  expect(
    ["README.md", "packages/sdk/src/a.ts", "packages/", "packages/sdk/"].map((path) => tree.hasPath(path)),
  ).toEqual(Array(4).fill(true));
  expect(["a.ts", "src/a.ts", "src/", "sdk/src/"].map((end) => tree.hasPathEnd(end))).toEqual(Array(4).fill(true));
});

it("does not match a part of a name", () => {
  expect(["src/a.ts", "src/", "a.ts"].map((path) => tree.hasPath(path))).toEqual(Array(3).fill(false));
  expect([".ts", "rc/a.ts", "src", "dk/"].map((end) => tree.hasPathEnd(end))).toEqual(Array(4).fill(false));
});

it("returns the line that contains an index", () => {
  const file = tree.file("packages/sdk/src/a.ts");
  expect([0, 3, 4, 6].map((index) => file?.lineAt(index))).toEqual([1, 1, 2, 2]);
});

it("reads the repository without installed and built files", () => {
  const paths = readTree(fileURLToPath(new URL("../..", import.meta.url))).files.map((file) => file.path);
  expect(paths).toContain("tidy/source/tree.test.ts");
  expect(paths.filter((path) => /(?:^|\/)(?:node_modules|dist|\.git)\//.test(path))).toEqual([]);
});
