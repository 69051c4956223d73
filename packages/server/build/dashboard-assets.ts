import { readdirSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";

const folder = join(import.meta.dirname, "../dist/dashboard");

/** Returns the paths of the dashboard's files by the names of their assets, such as `dashboard/index.html`. */
export function dashboardAssets(): Readonly<Record<string, string>> {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return {};
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(paths.map((path) => [`dashboard/${relative(folder, path).split(sep).join("/")}`, path]));
}
