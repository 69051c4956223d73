export type Kind = "shipped" | "tests" | "harness";

/** Rooms of the server (folders that serve one purpose) whose subfolders are listed separately. */
const LISTED_BY_FOLDER = new Set(["engine", "store"]);

/** The room of a file: the folder of a package that serves one purpose. `path` begins at the root of the repository. */
export function roomOf(path: string): string {
  const [top = "", ...below] = path.split("/");
  if (top !== "packages") return top;
  const [name = "", area = "", ...inside] = below;
  const folders = inside.slice(0, -1);
  if (area !== "src") return `${name}/${area}`;
  const [room, folder] = folders;
  if (room === undefined) return `${name}/*.ts`;
  return folder !== undefined && LISTED_BY_FOLDER.has(room) ? `${name}/${room}/${folder}` : `${name}/${room}`;
}

/**
 * The kind of a file. Harness is code that only tests and measurements use, including the benchmark. A schema dump
 * belongs to its test.
 */
export function kindOf(path: string): Kind {
  if (/\.(test|contract)\.ts$|\/contract\/|dump[^/]*\.sql$/.test(path)) return "tests";
  return /^bench\/|\/(testing|test)\//.test(path) ? "harness" : "shipped";
}
