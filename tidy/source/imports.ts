import { posix } from "node:path";
import type { SourceFile } from "./source-file.ts";

export interface Import {
  readonly line: number;
  /** The specifier as written. */
  readonly specifier: string;
  /** Path of the file from the root of the repository; null for packages. */
  readonly path: string | null;
}

/**
 * Matches the text before the specifier in `import … from "…"`, `import "…"` and `import("…")`. The next pattern
 * matches the text before the file name of a worker, in `new URL("…")`.
 */
const importBefore = /\b(?:from|import)\s*\(?\s*$/;
const urlBefore = /\bnew URL\(\s*$/;
const charsBefore = 40;

/** Imports of a file, type-only ones and re-exports included. */
export function readImports(file: SourceFile): Import[] {
  const imports: Import[] = [];
  for (const { kind, text, index } of file.tokens) {
    if (kind !== "string") continue;
    const before = file.text.slice(Math.max(0, index - charsBefore), index);
    const isUrl = urlBefore.test(before);
    if (!isUrl && !importBefore.test(before)) continue;
    const specifier = text.slice(1, -1);
    const path = /^\.\.?\//.test(specifier) ? posix.join(posix.dirname(file.path), specifier) : null;
    if (path !== null || !isUrl) imports.push({ line: file.lineAt(index), specifier, path });
  }
  return imports;
}
