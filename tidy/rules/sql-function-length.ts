import { fileRule, type Finding } from "../rule.ts";
import type { SourceFile } from "../source/source-file.ts";

const linesMax = 80;
const beginning = /\bCREATE\s+(?:OR\s+REPLACE\s+)?(?:FUNCTION|PROCEDURE)\s+([\w.]+)/gi;

export const sqlFunctionLength = fileRule(
  "SQL function length",
  `SQL functions of at most ${linesMax} lines, in .sql files and in templates`,
  function* (file) {
    if (file.language === "sql") yield* longFunctions(file, file.text, 0);
    for (const { kind, text, index } of file.tokens) {
      if (kind === "template") yield* longFunctions(file, text, index);
    }
  },
);

function* longFunctions(file: SourceFile, text: string, offset: number): Generator<Finding> {
  for (const match of text.matchAll(beginning)) {
    const end = functionEnd(text, match.index);
    const lines = text.slice(match.index, end).split("\n").length;
    if (lines <= linesMax) continue;
    const sentence = `the SQL function ${match[1]} has ${lines} lines; at most ${linesMax} are allowed`;
    yield { path: file.path, line: file.lineAt(offset + match.index), sentence };
  }
}

/**
 * Returns the end of the function. A body ends with the dollar quote that opened it. A function without a quoted body
 * ends with its statement.
 */
function functionEnd(text: string, start: number): number {
  const statement = /;|\$\w*\$/g;
  statement.lastIndex = start;
  const mark = statement.exec(text);
  if (mark === null) return text.length;
  if (mark[0] === ";") return mark.index;
  const end = text.indexOf(mark[0], statement.lastIndex);
  return end === -1 ? text.length : end;
}
