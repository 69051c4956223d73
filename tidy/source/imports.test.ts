import { expect, it } from "vitest";
import { readImports } from "./imports.ts";
import { SourceFile } from "./source-file.ts";

const imports = (text: string) =>
  readImports(new SourceFile("packages/server/src/api/a.ts", text)).map(({ line, path, specifier }) =>
    [line, path ?? specifier].join(" "),
  );

it("reads every way of importing", () => {
  expect(
    imports(
      [
        'import { a } from "./a.ts";',
        'import type { b } from "../http/b.ts";',
        'export * from "./c.ts";',
        'import "./d.ts";',
        'const e = await import("./e.ts");',
        'type F = import("./f.ts").F;',
        'new Worker(new URL("./g.ts", import.meta.url));',
        'import { h } from "@ringback/sdk/protocols";',
      ].join("\n"),
    ),
  ).toEqual([
    "1 packages/server/src/api/a.ts",
    "2 packages/server/src/http/b.ts",
    "3 packages/server/src/api/c.ts",
    "4 packages/server/src/api/d.ts",
    "5 packages/server/src/api/e.ts",
    "6 packages/server/src/api/f.ts",
    "7 packages/server/src/api/g.ts",
    "8 @ringback/sdk/protocols",
  ]);
});

it("reads no import in a comment, a string or a name", () => {
  expect(imports('// import "./a.ts"\nconst from = "./b.ts";\nnew URL("http://c.test");')).toEqual([]);
});
