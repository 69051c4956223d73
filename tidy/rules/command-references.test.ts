import { expect, it } from "vitest";
import { formatFinding } from "../rule.ts";
import { makeTree } from "../source/tree.ts";
import { commandReferences } from "./command-references.ts";

const others = {
  "package.json": '{ "scripts": { "test:fast": "", "ringback": "" } }',
  "packages/sdk/package.json": '{ "scripts": { "build": "" } }',
  "packages/server/src/cli/tail.ts": 'program.command("tail");',
};
const find = (path: string, text: string) =>
  commandReferences.find(makeTree({ ...others, [path]: text })).map(formatFinding);

it.each([
  "npm run gone",
  "Run `npm run --silent test:gone`.",
  "`ringback gone`",
  "`npx ringback gone --json`",
  "`npm run ringback -- gone`",
])("reports “%s” in a comment and in a document", (text) => {
  expect(find("a.ts", `// ${text}`)).toHaveLength(1);
  expect(find("a.md", text)).toHaveLength(1);
});

it.each([
  "`npm run test:fast -- packages`",
  "npm run build",
  "`ringback tail`",
  "`ringback help`",
  "`npm run ringback -- tail`",
  "`ringback --help`",
  "A ringback server, and Ringback is one.",
  "`ringback: cannot listen`",
])("allows “%s”", (text) => {
  expect(find("a.ts", `// ${text}`)).toEqual([]);
  expect(find("a.md", text)).toEqual([]);
});

it("reads code blocks", () => {
  expect(find("a.md", "\n```sh\nringback tail\n$ ringback gone\n```")).toEqual([
    "a.md:4: names the command ringback gone, which does not exist",
  ]);
});
