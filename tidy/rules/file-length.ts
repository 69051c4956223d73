import type { Excuse, Finding, Rule } from "../rule.ts";
import type { SourceFile } from "../source/source-file.ts";

const linesMax = 400;
const excusesMax = 8;

/**
 * Creates a rule about the length of files with code, tests included. An excuse that is not needed is also a finding.
 */
export function fileLength(excuses: readonly Excuse[]): Rule {
  const excused = new Set(excuses.map((excuse) => excuse.name));
  return {
    name: "file length",
    asks: `files of at most ${linesMax} lines, but for at most ${excusesMax} with a reason`,
    find: (tree) => [
      ...tree.files
        .filter((file) => isTooLong(file) && !excused.has(file.path))
        .map((file) => ({
          path: file.path,
          line: linesMax + 1,
          sentence: `has ${file.lines.length} lines; at most ${linesMax} are allowed`,
        })),
      ...excuses
        .filter(({ name }) => !isTooLong(tree.file(name)))
        .map(({ name }) => excuseFinding(`${name} needs no excuse any more`)),
      ...excuses
        .slice(excusesMax)
        .map(({ name }) => excuseFinding(`${name} is an excuse too many; at most ${excusesMax} are allowed`)),
    ],
  };
}

function isTooLong(file: SourceFile | undefined): boolean {
  const isCode = file?.language === "typescript" || file?.language === "sql";
  return isCode && file.lines.length > linesMax;
}

function excuseFinding(sentence: string): Finding {
  return { path: "tidy/excuses.ts", line: 1, sentence };
}
