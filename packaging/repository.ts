import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The git repository of a working copy. */
export class Repository {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  git(...args: readonly string[]): string {
    return execFileSync("git", [...args], {
      cwd: this.root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    }).trim();
  }

  /** Files that are changed or not in version control. */
  changes(): readonly string[] {
    return this.git("status", "--porcelain").split("\n").filter(Boolean);
  }

  branch(): string {
    return this.git("rev-parse", "--abbrev-ref", "HEAD");
  }

  hasTag(tag: string): boolean {
    return this.git("tag", "--list", tag) !== "";
  }

  /** Web address of the repository, from package.json. */
  address(): string {
    const { repository } = JSON.parse(readFileSync(join(this.root, "package.json"), "utf8")) as {
      repository: { url: string };
    };
    return repository.url.replace(/^git\+/, "").replace(/\.git$/, "");
  }
}
