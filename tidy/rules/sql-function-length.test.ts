import { expect, it } from "vitest";
import { formatFinding } from "../rule.ts";
import { makeTree } from "../source/tree.ts";
import { sqlFunctionLength } from "./sql-function-length.ts";

const find = (path: string, text: string) => sqlFunctionLength.find(makeTree({ [path]: text })).map(formatFinding);
/** A function whose body has one statement on each of `statements` lines. The function has three more lines. */
const sqlFunction = (name: string, statements: number) =>
  `CREATE OR REPLACE FUNCTION ${name}()\nRETURNS void LANGUAGE plpgsql AS $body$\n${"  x := 1;\n".repeat(statements)}$body$;\n`;

it("allows 80 lines, and reports 81", () => {
  expect(find("a.sql", sqlFunction("ringback.a", 77))).toEqual([]);
  expect(find("a.sql", `SELECT 1;\n${sqlFunction("ringback.a", 78)}`)).toEqual([
    "a.sql:2: the SQL function ringback.a has 81 lines; at most 80 are allowed",
  ]);
});

it("measures each function of a file by itself", () => {
  expect(find("a.sql", sqlFunction("a", 50) + sqlFunction("b", 90) + sqlFunction("c", 50))).toEqual([
    "a.sql:54: the SQL function b has 93 lines; at most 80 are allowed",
  ]);
});

it("measures functions in templates, and not in comments", () => {
  expect(find("a.ts", `const a = 1;\nexport const b = \`\n${sqlFunction("b", 78)}\`;\n`)).toEqual([
    "a.ts:3: the SQL function b has 81 lines; at most 80 are allowed",
  ]);
  expect(find("a.ts", `/*\n${sqlFunction("b", 78)}*/\n`)).toEqual([]);
});

it("ends a function without a quoted body at its semicolon", () => {
  const body = `CREATE FUNCTION a() RETURNS int\nRETURN 1;\n${"SELECT 1;\n".repeat(90)}SELECT $$x$$;`;
  expect(find("a.sql", body)).toEqual([]);
});
