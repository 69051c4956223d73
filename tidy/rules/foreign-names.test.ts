import { expect, it } from "vitest";
import { formatFinding } from "../rule.ts";
import { makeTree } from "../source/tree.ts";
import { foreignNames } from "./foreign-names.ts";

const find = (texts: Record<string, string>, ...excused: string[]) =>
  foreignNames(excused.map((name) => ({ name, because: "it is theirs" })))
    .find(makeTree(texts))
    .map(formatFinding);
const namesIn = (text: string) => find({ "packages/server/src/domain/a.ts": text }).length;

it.each([
  "cmqBatchMax",
  "readCmqName",
  "// CMQ's limit",
  '"mns-xml"',
  "WeChat",
  "WECHAT_MAX",
  "isWechat",
  "x-cmq-tag",
  "toMns",
])("reports %s", (text) => expect(namesIn(text)).toBe(1));

it.each(["columns", "messageColumns", "COLUMNS", "acmq", "we chat"])("allows %s", (text) => {
  expect(namesIn(text)).toBe(0);
});

it("names the line, and reports a file's name as well", () => {
  expect(find({ "packages/server/src/domain/cmq-names.ts": "\nconst mns = 1;" })).toEqual([
    "packages/server/src/domain/cmq-names.ts:1: the path names cmq, which only compat/ should know",
    "packages/server/src/domain/cmq-names.ts:2: names mns, which only compat/ should know",
  ]);
});

it("allows the names in excused files and outside the server's sources", () => {
  const texts = {
    "packages/server/src/compat/cmq/a.ts": "cmq",
    "packages/server/src/server.ts": "cmq",
    "packages/sdk/src/protocols/cmq.ts": "cmq",
    "packages/server/test/cmq/a.test.ts": "cmq",
  };
  expect(find(texts, "compat/", "server.ts")).toEqual([]);
});

it("reports an excuse that is no longer needed", () => {
  expect(
    find({ "packages/server/src/compat/a.ts": "cmq", "packages/server/src/server.ts": "" }, "compat/", "server.ts"),
  ).toEqual(["tidy/excuses.ts:1: server.ts needs no excuse any more"]);
});
