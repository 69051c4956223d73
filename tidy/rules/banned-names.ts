import { isBannedIn, type HouseWord } from "../house-words.ts";
import type { Finding, Rule } from "../rule.ts";
import type { SourceFile } from "../source/source-file.ts";

/** Creates a rule about names in code and about file names. Each name is reported once per file. */
export function bannedNames(words: readonly HouseWord[]): Rule {
  const bannedOf = memoize((name: string) => {
    const spaced = spacedName(name);
    return words.filter((word) => word.inNames?.test(spaced) === true);
  });
  return {
    name: "banned names",
    asks: "names in code, and of its files, that say what a thing does in the words of the field",
    find: (tree) =>
      tree.files
        .filter(({ language }) => language === "typescript" || language === "sql")
        .flatMap((file) => [...fileNames(file, words), ...names(file, bannedOf)]),
  };
}

function* fileNames({ path }: SourceFile, words: readonly HouseWord[]): Generator<Finding> {
  for (const part of path.split("/")) {
    const spaced = spacedName(part);
    for (const word of words.filter((each) => isBannedIn(each, path))) {
      const match = word.inNames?.exec(spaced) ?? word.inFileNames?.exec(spaced) ?? null;
      if (match !== null)
        yield { path, line: 1, sentence: `the name ${part} says "${match[0]}"; better: ${word.instead}` };
    }
  }
}

function* names(file: SourceFile, bannedOf: (name: string) => readonly HouseWord[]): Generator<Finding> {
  const counts = new Map<string, { index: number; count: number }>();
  for (const { name, index } of namesOf(file)) {
    const use = counts.get(name);
    if (use !== undefined) use.count += 1;
    else if (bannedOf(name).length > 0) counts.set(name, { index, count: 1 });
  }
  for (const [name, { index, count }] of counts) {
    for (const { instead } of bannedOf(name).filter((word) => isBannedIn(word, file.path))) {
      const times = count === 1 ? "" : ` (${count} times)`;
      yield { path: file.path, line: file.lineAt(index), sentence: `\`${name}\`${times}; better: ${instead}` };
    }
  }
}

function* namesOf(file: SourceFile): Generator<{ name: string; index: number }> {
  for (const { kind, text, index } of file.tokens) if (kind === "word") yield { name: text, index };
  if (file.language !== "sql") return;
  const code = file.text.replace(/--.*|'[^']*'/g, (match) => " ".repeat(match.length));
  for (const { 0: name, index } of code.matchAll(/[A-Za-z_]\w*/g)) yield { name, index };
}

/** `isNextOne`, `IS_NEXT_ONE` and `is-next-one` become `is next one`. */
function spacedName(name: string): string {
  return (name.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g) ?? []).join(" ").toLowerCase();
}

function memoize<T>(compute: (name: string) => T): (name: string) => T {
  const known = new Map<string, T>();
  return (name) => {
    let value = known.get(name);
    if (value === undefined) known.set(name, (value = compute(name)));
    return value;
  };
}
