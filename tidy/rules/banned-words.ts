import { isBannedIn, type HouseWord } from "../house-words.ts";
import type { Finding, Rule } from "../rule.ts";
import type { SourceFile } from "../source/source-file.ts";

/** The tests of these rules have the words in their strings. */
const ownTests = /^tidy\/.*\.test\.ts$/;

/** A rule about comments, strings and documents, for the words that no sentence of plain English needs. */
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
    find: (tree) => tree.files.flatMap((file) => readLines(file).flatMap(({ text, line }) => find(file, text, line))),
  };
}

function readLines(file: SourceFile): { text: string; line: number }[] {
  const tokens = ownTests.test(file.path) ? [] : file.tokens;
  const strings = tokens.filter(({ kind }) => kind === "string" || kind === "template");
  return [
    ...file.texts,
    ...strings.flatMap(({ text, index }) =>
      text.split("\n").map((part, offset) => ({ text: part, line: file.lineAt(index) + offset })),
    ),
  ];
}
