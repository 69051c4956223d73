import type { Excuse, Finding, Rule } from "../rule.ts";
import type { SourceFile } from "../source/source-file.ts";

const sources = "packages/server/src/";
/**
 * Matches a name at the beginning of a word in any case, or as a part of a camel-case name. `columns` and `COLUMNS` are
 * not matched. The names of the companies are matched anywhere.
 */
const foreignName =
  /(?<![A-Za-z])(?:[Cc][Mm][Qq]|[Mm][Nn][Ss])|CMQ|Cmq|(?<![A-Z])M(?:NS|ns)|[Ww][Ee][Cc][Hh][Aa][Tt]|[Ww]eixin|[Qq]cloud|[Aa]liyun/g;

/**
 * Creates a rule about the names of CMQ, WeChat and MNS in the server's sources. An excuse gives the path of a file, or
 * the path of a folder with a final `/`. An excuse that covers no such name is also a finding.
 */
export function foreignNames(excuses: readonly Excuse[]): Rule {
  return {
    name: "foreign names",
    asks: "the server names CMQ, WeChat and MNS in compat/ and a few files only",
    find: (tree) => {
      const named = tree.files.filter((file) => file.path.startsWith(sources) && namesIn(file).length > 0);
      return [
        ...named.filter((file) => !excuses.some((excuse) => isCovered(file, excuse))).flatMap(namesIn),
        ...excuses
          .filter((excuse) => !named.some((file) => isCovered(file, excuse)))
          .map(({ name }) => ({ path: "tidy/excuses.ts", line: 1, sentence: `${name} needs no excuse any more` })),
      ];
    },
  };
}

function isCovered({ path }: SourceFile, { name }: Excuse): boolean {
  return `${path}/`.startsWith(`${sources}${name}`);
}

function namesIn(file: SourceFile): Finding[] {
  const inPath = [...file.path.slice(sources.length).matchAll(foreignName)].map(([name]) => ({
    path: file.path,
    line: 1,
    sentence: `the path names ${name}, which only compat/ should know`,
  }));
  const inText = [...file.text.matchAll(foreignName)].map(({ 0: name, index }) => ({
    path: file.path,
    line: file.lineAt(index),
    sentence: `names ${name}, which only compat/ should know`,
  }));
  return [...inPath, ...inText];
}
