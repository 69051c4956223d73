import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { languageOf } from "./language.ts";
import { SourceFile } from "./source-file.ts";

/** All files of the repository, with an index of their paths for the rules. */
export class Tree {
  readonly files: readonly SourceFile[];
  readonly #byPath: ReadonlyMap<string, SourceFile>;
  /**
   * The ends of all paths. A path has one end for each of its folder or file names, and the end begins with that name.
   * Paths of folders end with `/`.
   */
  readonly #pathEnds = new Set<string>();

  constructor(files: readonly SourceFile[]) {
    this.files = files;
    this.#byPath = new Map(files.map((file) => [file.path, file]));
    for (const path of this.#byPath.keys()) this.#addEnds(path);
  }

  file(path: string): SourceFile | undefined {
    return this.#byPath.get(path);
  }

  /** True if a file's path, or a folder's with its `/`, is `end` or ends with `/` and `end`. */
  hasPathEnd(end: string): boolean {
    return this.#pathEnds.has(end);
  }

  /** True if this is the whole path of a file, or of a folder with its `/`. */
  hasPath(path: string): boolean {
    if (!path.endsWith("/")) return this.#byPath.has(path);
    return this.#pathEnds.has(path) && this.files.some((file) => file.path.startsWith(path));
  }

  #addEnds(path: string): void {
    const parts = path.split("/");
    for (let first = 0; first < parts.length; first++) {
      this.#pathEnds.add(parts.slice(first).join("/"));
      for (let end = first + 1; end < parts.length; end++) this.#pathEnds.add(`${parts.slice(first, end).join("/")}/`);
    }
  }
}

export function makeTree(texts: Readonly<Record<string, string>>): Tree {
  return new Tree(Object.entries(texts).map(([path, text]) => new SourceFile(path, text)));
}

/** Folders without files that people wrote. None of these folders is in version control. */
const skippedFolders: ReadonlySet<string> = new Set([".git", "node_modules", "dist", "release", "ringback-data"]);

/** Reads the folders from the disk, so a copy of the repository without version control can be checked as well. */
export function readTree(root: string): Tree {
  const files: SourceFile[] = [];
  const readFolder = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = `${folder}${entry.name}`;
      if (entry.isDirectory() && !skippedFolders.has(entry.name)) readFolder(`${path}/`);
      if (!entry.isFile()) continue;
      files.push(new SourceFile(path, languageOf(path) === "other" ? "" : readFileSync(join(root, path), "utf8")));
    }
  };
  readFolder("");
  return new Tree(files.toSorted((a, b) => (a.path < b.path ? -1 : 1)));
}
