import { fileRule } from "../rule.ts";

const linesMax = 70;
const testFile = /\.test\.ts$|[.-]contract\.ts$/;
const test = /^\s*(?:it|test|promise|describe)(?:\(|\.(?:each|for|only|runIf|skip|skipIf)\b)/;
const beginning =
  /^(\s*)(?=(?:it|test|promise)[.(]|(?:before|after)(?:Each|All)\(|(?:export )?(?:async )?function\b).*[({[`]$/;

/**
 * A rule about the length of each test. The linter measures functions, but its rule is off in test files, where one
 * function often contains a whole suite. The code is formatted, so a block ends with a closing line of the same
 * indentation.
 */
export const testLength = fileRule(
  "test length",
  `tests, and functions beside them, of at most ${linesMax} lines`,
  function* ({ path, lines }) {
    if (!testFile.test(path)) return;
    for (const [index, line] of lines.entries()) {
      const indent = beginning.exec(line)?.[1];
      if (indent === undefined) continue;
      const block = blockAt(lines, index, indent.length);
      const holdsTests = block.slice(1).some((inner) => test.test(inner));
      if (block.length <= linesMax || holdsTests) continue;
      yield { path, line: index + 1, sentence: `a block of ${block.length} lines; at most ${linesMax} are allowed` };
    }
  },
);

function blockAt(lines: readonly string[], start: number, indent: number): readonly string[] {
  const closing = new RegExp(`^\\s{${indent}}(?:\\}|[})\\]].*;)$`);
  const end = lines.findIndex((line, index) => index > start && closing.test(line));
  return lines.slice(start, end === -1 ? start + 1 : end + 1);
}
