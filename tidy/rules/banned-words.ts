import { isBannedIn, type HouseWord } from "../house-words.ts";
import type { Finding, Rule } from "../rule.ts";
import type { SourceFile } from "../source/source-file.ts";

interface Line {
  readonly text: string;
  readonly line: number;
}

/** Tests of these rules. Their strings contain the banned words. */
const ownTests = /^tidy\/.*\.test\.ts$/;

/**
 * Creates a rule about comments, strings and documents. The rule bans words that no sentence of plain English needs.
 */
export function bannedWords(words: readonly HouseWord[]): Rule {
  const patterns = words.flatMap(({ inTexts }) => (inTexts === undefined ? [] : [inTexts.source]));
  const any = new RegExp(patterns.join("|"), "gi");
  const find = (file: SourceFile, text: string, line: number): Finding[] =>
    (text.match(any) ?? []).flatMap((match) =>
      words
        .filter((word) => word.inTexts?.test(match) === true && isBannedIn(word, file.path))
        .map(({ instead }) => ({ path: file.path, line, sentence: `"${match}"; better: ${instead}` })),
    );
  return {
    name: "banned words",
    asks: "comments, strings and documents in the words of the field",
    find: (tree) =>
      tree.files.flatMap((file) => {
        const lines = readLines(file);
        return [
          ...lines.flatMap(({ text, line }) => find(file, text, line)),
          ...lineBreaks(lines).flatMap(({ text, line }) => find(file, text, line).filter(isOverBreak)),
        ];
      }),
  };
}

/**
 * Joins the last word of each line with the first word of the next one. A banned phrase of two words may be split by a
 * line break.
 */
function lineBreaks(lines: readonly Line[]): Line[] {
  return lines.flatMap(({ text, line }, index) => {
    const next = lines[index + 1];
    if (next?.line !== line + 1) return [];
    return [{ text: `${/\S*$/.exec(text.trimEnd())?.[0]} ${/^\S*/.exec(next.text.trimStart())?.[0]}`, line }];
  });
}

/** Whether the match spans the line break. A single banned word is found in its own line. */
function isOverBreak({ sentence }: Finding): boolean {
  return /^"[^"]* /.test(sentence);
}

function readLines(file: SourceFile): Line[] {
  const tokens = ownTests.test(file.path) ? [] : file.tokens;
  const strings = tokens.filter(({ kind }) => kind === "string" || kind === "template");
  return [
    ...file.texts,
    ...strings.flatMap(({ text, index }) =>
      text.split("\n").map((part, offset) => ({ text: part, line: file.lineAt(index) + offset })),
    ),
  ];
}
