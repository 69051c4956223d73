import type { SourceFile } from "./source/source-file.ts";
import type { Tree } from "./source/tree.ts";

export interface Finding {
  readonly path: string;
  readonly line: number;
  /** The fault and its remedy, without a full stop. */
  readonly sentence: string;
}

/** A finding that a rule must not report, with the reason. */
export interface Excuse {
  readonly name: string;
  readonly because: string;
}

export interface Rule {
  readonly name: string;
  /** The requirement of the rule in a few words. */
  readonly asks: string;
  find(tree: Tree): Finding[];
}

/** Creates a rule that checks each file separately. */
export function fileRule(
  name: string,
  asks: string,
  findInFile: (file: SourceFile, tree: Tree) => Iterable<Finding>,
): Rule {
  return { name, asks, find: (tree) => tree.files.flatMap((file) => [...findInFile(file, tree)]) };
}

export function formatFinding({ path, line, sentence }: Finding): string {
  return `${path}:${line}: ${sentence}`;
}
