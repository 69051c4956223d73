import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A file that names the version of Ringback, and every text in it that is this version. */
interface VersionFile {
  readonly path: string;
  readonly pattern: RegExp;
}

const packageVersion = /(?<=^ {2}"version": ")[^"]+(?=",$)/m;
/** Versions of our packages in the lock file and in the dependencies on each other. */
const lockVersion = /(?<="packages\/(?:sdk|server|dashboard)": \{\n {6}"name": "[^"]+",\n {6}"version": ")[^"]+(?=")/g;
const ownDependency = /(?<="@ringback\/(?:sdk|dashboard)": ")\d[^"]*(?=")/g;
const image = /(?<=\bringback:)\d+\.\d+\.\d+[\w.-]*/g;

const files: readonly VersionFile[] = [
  // The SBOM names the version of the root.
  { path: "package.json", pattern: packageVersion },
  { path: "package-lock.json", pattern: /(?<=^\{\n {2}"name": "ringback-workspace",\n {2}"version": ")[^"]+(?=")/ },
  { path: "package-lock.json", pattern: /(?<="": \{\n {6}"name": "ringback-workspace",\n {6}"version": ")[^"]+(?=")/ },
  { path: "packages/sdk/package.json", pattern: packageVersion },
  { path: "packages/server/package.json", pattern: packageVersion },
  { path: "packages/server/package.json", pattern: ownDependency },
  { path: "packages/dashboard/package.json", pattern: packageVersion },
  { path: "packages/dashboard/package.json", pattern: ownDependency },
  { path: "bench/package.json", pattern: ownDependency },
  { path: "package-lock.json", pattern: lockVersion },
  { path: "package-lock.json", pattern: ownDependency },
  {
    path: "examples/receivers/package-lock.json",
    pattern: /(?<="name": "@ringback\/sdk",\n {6}"version": ")[^"]+(?=")/,
  },
  ...["saas", "ten-tenants", "hooks", "nextjs", "from-cmq", "wechat-robot"].map((name) => ({
    path: `examples/templates/${name}/package.json`,
    pattern: /(?<="(?:@ringback\/sdk|ringback|version)": ")\d[^"]*(?=")/g,
  })),
  { path: "docs/reference/openapi.json", pattern: /(?<=^ {4}"version": ")[^"]+(?=",$)/m },
  { path: "deploy/chart/Chart.yaml", pattern: /(?<=^(?:version|appVersion): ).+$/gm },
  { path: "deploy/compose.yaml", pattern: image },
  { path: "deploy/compose.sqlite.yaml", pattern: image },
  { path: "deploy/kubernetes.yaml", pattern: image },
  { path: "deploy/Dockerfile", pattern: image },
  { path: "deploy/Dockerfile", pattern: /(?<=image\.version=")[^"]+/ },
];

/** Paths of the files that name the version. */
export const versionPaths: readonly string[] = [...new Set(files.map(({ path }) => path))];

/** Versions that the file names. */
export function versionsIn(root: string, path: string): readonly string[] {
  const text = readFileSync(join(root, path), "utf8");
  return files.filter((file) => file.path === path).flatMap(({ pattern }) => text.match(pattern) ?? []);
}

/** Writes the version into every file. Throws if a pattern finds nothing, since the file was then written anew. */
export function setVersion(root: string, version: string): void {
  for (const { path, pattern } of files) {
    const text = readFileSync(join(root, path), "utf8");
    if (text.search(pattern) < 0)
      throw new Error(`${path} does not name the version as packaging/version-files.ts expects`);
    writeFileSync(join(root, path), text.replace(pattern, version));
  }
}
