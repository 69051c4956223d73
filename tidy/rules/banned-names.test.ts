import { expect, it } from "vitest";
import { formatFinding } from "../rule.ts";
import { makeTree } from "../source/tree.ts";
import { houseWords } from "../house-words.ts";
import { bannedNames } from "./banned-names.ts";

const find = (path: string, text: string) =>
  bannedNames(houseWords)
    .find(makeTree({ [path]: text }))
    .map(formatFinding);

it.each(["openLane", "LANES_MAX", "isHandedOut", "StoreImpl", "queueHelpers", "DoorDependencies", "_lane", "#lane"])(
  "reports %s",
  (name) => expect(find("a.ts", `f(${name});`)).toHaveLength(1),
);

it.each([
  "plane",
  "lookup",
  "placeholder",
  "replaceIn",
  "simplify",
  "handedOver",
  "receiptHandle",
  "wroteInPlace",
  "indoor",
])("allows %s", (name) => expect(find("a.ts", `f(${name});`)).toEqual([]));

it("reports a name once per file, with the word to use", () => {
  expect(find("a.ts", "\nlane();\nlane();")).toEqual([
    "a.ts:2: `lane` (2 times); better: subscription sender, or connection pool",
  ]);
});

it("reads the names of SQL, and the names of files and folders", () => {
  expect(find("a.sql", "-- lane\nSELECT v_lane, 'lane';")).toHaveLength(1);
  expect(find("src/utils/a.ts", "")).toEqual([
    'src/utils/a.ts:1: the name utils says "utils"; better: what the functions are for',
  ]);
  expect(find("src/common-parts.ts", "common();")).toHaveLength(1);
});

it("bans a word only in its folders", () => {
  expect(find("packages/server/src/domain/a.ts", "routingKey")).toHaveLength(1);
  expect(find("packages/server/src/compat/cmq/a.ts", "routingKey")).toEqual([]);
});

it("ignores strings, comments and documents", () => {
  expect(find("a.ts", '// lane\nf("lane", `lane`);')).toEqual([]);
  expect(find("lane.md", "lane")).toEqual([]);
});
