import { posix } from "node:path";
import type { Excuse, Rule } from "../rule.ts";
import type { SourceFile } from "../source/source-file.ts";
import type { Tree } from "../source/tree.ts";
import type { TextLine } from "../source/texts.ts";

const url = /\b[a-z]+:\/\/\S+/g;
const fileName =
  /(?<![\w@./$%:*{<-])(?:\.{1,2}\/)*(?:[\w@.-]+\/)*[\w@.-]*\w\.(?:[mc]?[jt]s|md|sql|json|ya?ml|sh|py)\b(?![/*{(\w-]|\.\w)/g;
/** A whole path in backticks. */
const quotedPath = /`((?:[\w@.-]+\/)+[\w@.-]*)`/g;
const linkTarget = /\]\(([^)#\s]+)(?:#[^)]*)?\)/g;
const decision = /\bADRs? 0*(\d+)\b/g;

/** Creates a rule about comments and documents: every file, folder and decision that they mention must exist. */
export function fileReferences(excuses: readonly Excuse[]): Rule {
  const otherNames = new Set(excuses.map(({ name }) => name));
  return {
    name: "file references",
    asks: "comments and documents that name files which exist",
    find: (tree) => {
      const packages = dependencies(tree);
      const isKnown = (name: string) =>
        otherNames.has(name) || packages.has(name) || /(?:^|\/)(?:node_modules|dist)\//.test(name);
      return tree.files.flatMap((file) =>
        file.texts.flatMap((text) =>
          missingFiles(text, file, tree)
            .filter((name) => !isKnown(name))
            .map((name) => ({ path: file.path, line: text.line, sentence: `names ${name}, which does not exist` })),
        ),
      );
    },
  };
}

function missingFiles({ text, kind }: TextLine, file: SourceFile, tree: Tree): string[] {
  const withoutUrls = text.replace(url, "");
  const names = [...withoutUrls.matchAll(fileName)]
    .map(([name]) => name)
    .filter((name) => kind !== "code block" || isRooted(name, tree));
  const quoted = [...withoutUrls.matchAll(quotedPath)]
    .map(([, path]) => path as string)
    .filter((path) => isRooted(path, tree));
  const links = kind === "prose" ? [...withoutUrls.matchAll(linkTarget)].map(([, target]) => target as string) : [];
  const decisions = [...withoutUrls.matchAll(decision)].filter(([, number]) => !hasDecision(number as string, tree));
  return [
    ...new Set([
      ...[...names, ...quoted].filter((name) => !exists(name, file, tree)),
      ...links.filter((target) => !existsBeside(target, file, tree)),
      ...decisions.map(([name]) => name),
    ]),
  ];
}

/**
 * Whether a name in a code block refers to this repository. The program in a code block belongs to the reader, and so
 * do its files. Only paths that begin with a folder of the repository are checked.
 */
function isRooted(name: string, tree: Tree): boolean {
  const first = name.slice(0, name.indexOf("/") + 1);
  return first !== "" && (tree.hasPath(first) || tree.hasPathEnd(`src/${first}`));
}

function exists(name: string, file: SourceFile, tree: Tree): boolean {
  const path = name.replace(/^(?:\.{1,2}\/)+/, "");
  return tree.hasPathEnd(path) || tree.hasPathEnd(`${path}/`) || existsBeside(name, file, tree);
}

function existsBeside(target: string, file: SourceFile, tree: Tree): boolean {
  const path = posix.join(posix.dirname(file.path), target);
  return path === "./" || tree.hasPath(path) || tree.hasPath(`${path}/`);
}

function hasDecision(number: string, tree: Tree): boolean {
  const begins = `docs/adr/${number.padStart(4, "0")}-`;
  return tree.files.some(({ path }) => path.startsWith(begins));
}

/** Packages whose name looks like that of a file, such as `ipaddr.js`. */
function dependencies(tree: Tree): ReadonlySet<string> {
  const manifests = tree.files.filter(({ path }) => /(?:^|\/)package\.json$/.test(path));
  return new Set(manifests.flatMap(({ text }) => [...text.matchAll(/"([^"]+)":/g)].map(([, name]) => name as string)));
}
