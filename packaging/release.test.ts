/** Real: git, and a repository in a new folder with the files that name the version. Replaced: the checks. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, it } from "vitest";
import { release } from "./release.ts";
import { Repository } from "./repository.ts";
import { versionPaths, versionsIn } from "./version-files.ts";

const source = fileURLToPath(new URL("..", import.meta.url));
const notes = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n* Something for users.\n";

interface Copy {
  readonly root: string;
  readonly repository: Repository;
  readonly write: (path: string, text: string) => void;
  readonly release: (version: string, check?: () => boolean) => string;
}

interface Manifest {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

function versionsOf(manifest: Manifest | undefined): unknown {
  return [manifest?.version, manifest?.dependencies ?? {}, manifest?.devDependencies ?? {}];
}

/** A repository on the branch `main` whose only commit has the files of this one. */
function copy(changelog = notes): Copy {
  const root = mkdtempSync(join(tmpdir(), "ringback-release-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const path of versionPaths) cpSync(join(source, path), join(root, path));
  const write = (path: string, text: string): void => writeFileSync(join(root, path), text);
  write("CHANGELOG.md", changelog);
  const git = (...args: readonly string[]) => execFileSync("git", args, { cwd: root, stdio: "ignore" });
  git("init", "--initial-branch=main");
  git("config", "user.name", "Tester");
  git("config", "user.email", "tester@example.com");
  git("config", "commit.gpgsign", "false");
  git("config", "core.hooksPath", "none");
  git("add", ".");
  git("commit", "--message", "Begin");
  return {
    root,
    repository: new Repository(root),
    write,
    release: (version, check = () => true) => release({ root, version, date: "2026-12-31", check }),
  };
}

/** Fails if the refused release has changed something. */
function expectRefusal({ repository, release }: Copy, version: string, reason: RegExp, check?: () => boolean): void {
  const before = [repository.git("rev-parse", "HEAD"), repository.git("tag"), repository.changes()];
  expect(() => release(version, check)).toThrow(reason);
  expect([repository.git("rev-parse", "HEAD"), repository.git("tag"), repository.changes()]).toEqual(before);
}

it("commits the notes and the version in every file, and tags the commit", () => {
  const { root, repository, release } = copy();
  expect(release("9.8.7")).toBe("v9.8.7");
  expect(repository.changes()).toEqual([]);
  expect(repository.git("rev-parse", "v9.8.7^{commit}")).toBe(repository.git("rev-parse", "HEAD"));
  expect(repository.git("log", "-1", "--format=%s")).toBe("Release 9.8.7");
  for (const path of versionPaths) expect([path, new Set(versionsIn(root, path))]).toEqual([path, new Set(["9.8.7"])]);
  const changelog = readFileSync(join(root, "CHANGELOG.md"), "utf8");
  expect(changelog).toContain("## [Unreleased]\n\n## [9.8.7] - 2026-12-31\n\n### Added\n\n* Something for users.\n");
});

it("releases the version of the packages once, as the first one", () => {
  const copied = copy();
  const [current = ""] = versionsIn(copied.root, "packages/server/package.json");
  expect(copied.release(current)).toBe(`v${current}`);
  expectRefusal(copied, current, /exists/);
});

it("changes nothing but the version: the lock file still fits the packages", () => {
  const { root, release } = copy();
  release("9.8.7");
  const read = (path: string): unknown => JSON.parse(readFileSync(join(root, path), "utf8"));
  const { packages } = read("package-lock.json") as { packages: Readonly<Record<string, Manifest>> };
  for (const path of ["packages/sdk", "packages/server", "packages/dashboard", "bench"]) {
    expect([path, versionsOf(packages[path])]).toEqual([path, versionsOf(read(`${path}/package.json`) as Manifest)]);
  }
  expect(packages["packages/dashboard"]?.version).toBe("9.8.7");
  const { info } = read("docs/reference/openapi.json") as { info: { version: string } };
  expect(info.version).toBe("9.8.7");
});

it("refuses a dirty tree, another branch, a bad or old version, and a tag that exists", () => {
  const dirty = copy();
  dirty.write("left.txt", "x");
  expectRefusal(dirty, "9.8.7", /commit or remove these files first:\n\?\? left\.txt/);
  const branch = copy();
  branch.repository.git("switch", "--create", "topic");
  expectRefusal(branch, "9.8.7", /released from main or release\/9\.8, and this is topic/);
  const clean = copy();
  for (const version of ["1.2", "v1.2.3", "1.2.3+4", "01.2.3", "1.2.3-01"]) {
    expectRefusal(clean, version, /is no version/);
  }
  expectRefusal(clean, "0.0.9", /is not after/);
  clean.repository.git("tag", "v9.8.7");
  expectRefusal(clean, "9.8.7", /the tag v9\.8\.7 exists/);
});

it("refuses a changelog without notes or with an unknown heading", () => {
  expectRefusal(copy("# Changelog\n\n## [Unreleased]\n\n### Added\n"), "9.8.7", /no notes under "## \[Unreleased\]"/);
  expectRefusal(copy(`${notes}\n### Improved\n\n* Much.\n`), "9.8.7", /"### Improved" should be one of Added/);
});

it("refuses when a check fails or leaves changed files, such as generated ones", () => {
  expectRefusal(copy(), "9.8.7", /a check has failed/, () => false);
  const copied = copy();
  const check = (): boolean => {
    copied.write("openapi.json", "{}");
    return true;
  };
  expect(() => copied.release("9.8.7", check)).toThrow(/the checks have changed files, commit them first/);
  expect(copied.repository.git("tag")).toBe("");
});
