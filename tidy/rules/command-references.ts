import type { Rule } from "../rule.ts";
import type { Tree } from "../source/tree.ts";

const npmScript = /\bnpm run (?:--\S+ )*([a-z][\w:-]*)/g;
/**
 * Matches a command at the beginning of a line or of quoted code, or after `npx` or `npm run`. In the middle of a
 * sentence, "ringback" is the name of the program.
 */
const ringbackCommand = /(?:^\s*(?:\$ )?|`|\bnpx |\bnpm run (?:--\S+ )*)ringback(?: --)? ([a-z][a-z-]*)/g;
const commandDefinition = /\.command\("([a-z][a-z-]*)/g;

/** A rule about comments and documents: every command in them must exist. */
export const commandReferences: Rule = {
  name: "command references",
  asks: "comments and documents that name npm scripts and ringback commands which exist",
  find: (tree) => {
    const scripts = scriptNames(tree);
    const commands = commandNames(tree);
    return tree.files.flatMap(({ path, texts }) =>
      texts.flatMap(({ text, line, kind }) => [
        ...matches(text, npmScript)
          .filter((script) => !scripts.has(script))
          .map((script) => ({ path, line, sentence: `names the npm script ${script}, which does not exist` })),
        ...matches(text, ringbackCommand)
          .filter((command) => (kind === "code block" || text.includes("`")) && !commands.has(command))
          .map((command) => ({ path, line, sentence: `names the command ringback ${command}, which does not exist` })),
      ]),
    );
  },
};

function scriptNames(tree: Tree): ReadonlySet<string> {
  const manifests = tree.files.filter(({ path }) => /(?:^|\/)package\.json$/.test(path));
  return new Set(
    manifests.flatMap(({ text }) =>
      Object.keys((JSON.parse(text) as { scripts?: Record<string, string> }).scripts ?? {}),
    ),
  );
}

function commandNames(tree: Tree): ReadonlySet<string> {
  const sources = tree.files.filter(({ path }) => path.startsWith("packages/server/src/cli/"));
  // The commands of resources are made from a table. The generated reference has them all.
  const reference = tree.files.find(({ path }) => path === "docs/reference/command-line.md")?.text ?? "";
  const defined = sources.flatMap(({ text }) => matches(text, commandDefinition));
  return new Set(["help", ...defined, ...matches(reference, /^## ringback ([a-z][a-z-]*)/gm)]);
}

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, name]) => name as string);
}
