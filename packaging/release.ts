import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { notesOf, withRelease } from "./changelog.ts";
import { mayReleaseFrom } from "./channel.ts";
import { Repository } from "./repository.ts";
import { isAfter, isVersion } from "./version.ts";
import { setVersion, versionPaths, versionsIn } from "./version-files.ts";

export interface Release {
  readonly root: string;
  readonly version: string;
  /** The day of the release, such as 2026-01-31. */
  readonly date: string;
  /** Runs all checks on the tree as it is. False: a check has failed. */
  readonly check: () => boolean;
}

/** A reason not to release, for the person who asked for it. */
export class Refusal extends Error {}

/**
 * Moves the notes of the changelog, sets the versions, commits and tags. Nothing is changed if there is a reason not to
 * release, and nothing is pushed.
 */
export function release({ root, version, date, check }: Release): string {
  const repository = new Repository(root);
  const changelogPath = join(root, "CHANGELOG.md");
  const tag = `v${version}`;
  refuseUnready(repository, version);
  const changelog = attempt(() => {
    const text = readFileSync(changelogPath, "utf8");
    notesOf(text, "Unreleased");
    return withRelease(text, version, date, repository.address());
  });
  if (!check()) throw new Refusal("a check has failed; npm run ci shows which");
  const changed = repository.changes();
  if (changed.length > 0) throw new Refusal(`the checks have changed files, commit them first:\n${changed.join("\n")}`);
  writeFileSync(changelogPath, changelog);
  setVersion(root, version);
  repository.git("add", "CHANGELOG.md", ...versionPaths);
  repository.git("commit", "--message", `Release ${version}`);
  repository.git("tag", "--annotate", tag, "--message", `Ringback ${version}`);
  return tag;
}

function refuseUnready(repository: Repository, version: string): void {
  if (!isVersion(version)) throw new Refusal(`"${version}" is no version; right are 1.2.3 and 1.2.3-rc.1`);
  const branch = repository.branch();
  if (!mayReleaseFrom(branch, version)) {
    const [major, minor] = version.split(".");
    throw new Refusal(`${version} is released from main or release/${major}.${minor}, and this is ${branch}`);
  }
  const changes = repository.changes();
  if (changes.length > 0) throw new Refusal(`commit or remove these files first:\n${changes.join("\n")}`);
  if (repository.hasTag(`v${version}`)) throw new Refusal(`the tag v${version} exists`);
  const [current] = versionsIn(repository.root, "packages/server/package.json");
  // The first release has the version that the packages were made with.
  const isFirst = !repository.hasTag("v*");
  if (current !== undefined && current !== version && !isAfter(version, current)) {
    throw new Refusal(`${version} is not after ${current}`);
  }
  if (current === version && !isFirst) throw new Refusal(`${version} is the present version`);
}

function attempt<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new Refusal(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
