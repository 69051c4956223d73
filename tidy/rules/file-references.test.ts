import { expect, it } from "vitest";
import { formatFinding } from "../rule.ts";
import { makeTree } from "../source/tree.ts";
import { fileReferences } from "./file-references.ts";

const others = {
  "package.json": '{ "dependencies": { "ipaddr.js": "1.0.0" } }',
  "docs/adr/0004-private-networks.md": "",
  "packages/server/src/domain/limits.ts": "",
  "packages/server/src/engine/pull/pull-queue.ts": "",
};
const find = (path: string, text: string) =>
  fileReferences([{ name: "Node.js", because: "a project" }])
    .find(makeTree({ ...others, [path]: text }))
    .map(formatFinding);
const inComment = (text: string) => find("bench/src/a.ts", `\n/** ${text} */`);

it.each([
  "engine/dispatcher.ts",
  "See domain/limit.ts.",
  "`../gone.ts`",
  "docs/adr/0099-gone.md",
  "ADR 5",
  "`engine/pulls`",
  "`packages/server/src/engine/pulls/`",
])("reports “%s” in a comment", (text) => {
  expect(inComment(text)).toHaveLength(1);
});

it.each([
  "domain/limits.ts",
  "limits.ts,",
  "`packages/server/src/domain/limits.ts`",
  "`../../packages/server/src/domain/limits.ts`",
  "`engine/pull/`",
  "`packages/server/src/engine/pull`",
  "ADR 4, ADR 0004",
  "docs/adr/0004-private-networks.md",
  "https://example.com/gone.ts",
  "ipaddr.js and Node.js",
  "node_modules/.bin/gone.js, dist/gone.js",
  "express.json() and `response.json(1)`",
  "*.gone.ts, docs/*.md, `a/b`, application/json",
])("allows “%s”", (text) => {
  expect(inComment(text)).toEqual([]);
});

it("names the line and the file", () => {
  expect(inComment("gone.ts")).toEqual(["bench/src/a.ts:2: names gone.ts, which does not exist"]);
});

it("resolves links relative to the document", () => {
  expect(
    find("docs/a.md", "[one](adr/0004-private-networks.md#why) [two](../package.json) [three](https://a.test/b.md)"),
  ).toEqual([]);
  expect(find("docs/a.md", "[one](adr/) [two](domain/)")).toEqual(["docs/a.md:1: names domain/, which does not exist"]);
});

it("ignores files in a code block, unless their path begins with a folder of the repository", () => {
  expect(find("README.md", "```sh\nnode receiver.ts\nnode src/receiver.ts\n```")).toEqual([]);
  expect(find("README.md", "```sh\nnode packages/server/gone.ts\n```")).toHaveLength(1);
});

it("ignores code and generated documents", () => {
  expect(find("bench/src/a.ts", 'import "./gone.ts";')).toEqual([]);
  expect(find("docs/reference/a.md", "gone.ts")).toEqual([]);
});
