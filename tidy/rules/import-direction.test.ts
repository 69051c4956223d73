import { expect, it } from "vitest";
import { makeTree } from "../source/tree.ts";
import { importDirection } from "./import-direction.ts";

const sentences = (path: string, text: string) =>
  importDirection.find(makeTree({ [path]: text })).map(({ line, sentence }) => `${line}: ${sentence}`);

it("lets a room import itself and everything below it", () => {
  const text =
    'import "./b.ts";\nimport type { C } from "../domain/c.ts";\nimport "@ringback/sdk/hooks";\nimport "node:fs";';
  expect(sentences("packages/server/src/engine/a.ts", text)).toEqual([]);
});

it("reports an import from above, type-only ones too", () => {
  expect(sentences("packages/server/src/domain/a.ts", '\nimport type { B } from "../engine/b.ts";')).toEqual([
    "2: domain imports packages/server/src/engine/b.ts, but engine is above it",
  ]);
  expect(sentences("packages/sdk/src/protocols/a.ts", 'import { b } from "../receive/b.ts";')).toEqual([
    "1: sdk/protocols imports packages/sdk/src/receive/b.ts, but sdk/receive is above it",
  ]);
});

it("reports an import from another room of the same level", () => {
  expect(sentences("packages/server/src/store/a.ts", 'import "../http/b.ts";')).toEqual([
    "1: store imports packages/server/src/http/b.ts, but http is beside it",
  ]);
});

const driverImport = (folder: string) => `import "${folder}store/sqlite/sqlite-store.ts";`;

it("lets only open-store.ts, the command line and the driver itself import a driver", () => {
  expect(sentences("packages/server/src/engine/pull/a.ts", driverImport("../../"))).toEqual([
    "1: engine imports packages/server/src/store/sqlite/sqlite-store.ts, a driver; only open-store.ts and cli may",
  ]);
  expect(sentences("packages/server/src/store/store.ts", 'import "./sqlite/a.ts";')).toHaveLength(1);
  expect(sentences("packages/server/src/store/postgres/a.ts", 'import "../sqlite/a.ts";')).toHaveLength(1);
  expect(sentences("packages/server/src/store/sqlite/a.ts", 'import "./b.ts";\nimport "../store.ts";')).toEqual([]);
  expect(sentences("packages/server/src/store/migrate/a.ts", 'import "../sqlite/a.ts";')).toEqual([]);
  expect(sentences("packages/server/src/open-store.ts", driverImport("./"))).toEqual([]);
  expect(sentences("packages/server/src/cli/a.ts", driverImport("../"))).toEqual([]);
});

it("reports shipped code that imports code for tests", () => {
  expect(sentences("packages/server/src/cli/a.ts", 'import "../engine/testing/b.ts";')).toEqual([
    "1: cli imports packages/server/src/engine/testing/b.ts, which is not shipped",
  ]);
});

it("ignores tests", () => {
  expect(sentences("packages/server/src/domain/a.test.ts", 'import "../engine/b.ts";')).toEqual([]);
  expect(sentences("packages/server/test/a.ts", 'import "../src/cli/b.ts";')).toEqual([]);
});

it("reports a room without a level", () => {
  expect(sentences("packages/server/src/attic/a.ts", "")).toEqual([
    "1: the room attic has no level; tidy/rules/import-direction.ts lists them",
  ]);
});
