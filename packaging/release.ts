/**
 * `npm run release -- 1.2.3`: sets the version, tests what users install, publishes both packages to npm, and pushes
 * the commit and the tag. With `--dry-run` after the version it only prints the steps. It needs the rights to publish
 * `ringback` and `@ringback/sdk` (`npm login`) and to push.
 */

import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./npm.ts";
import { mentions, readRelease, withReleasedChanges, withVersion } from "./set-version.ts";

// A mistake of the user is reported in one line, without the stack.
process.on("uncaughtException", ({ message }) => {
  process.stderr.write(`${message}\n`);
  process.exit(1);
});

const release = readRelease(process.argv[2]);
const isDryRun = process.argv[3] === "--dry-run";
const tag = `v${release}`;
/** A version such as 1.2.3-rc.1 must not become what `npm install ringback` gets. */
const channel = release.includes("-") ? "next" : "latest";

const archives = ["ringback-sdk", "ringback"].map((name) => `./release/${name}-${release}.tgz`);
const commands: readonly (readonly string[])[] = [
  ["npm", "install", "--package-lock-only"],
  ["npm", "run", "generate"],
  ["npm", "run", "test:packages"],
  ["npm", "run", "pack"],
  ["git", "commit", "--all", `--message=Release ${release}`],
  ["git", "tag", "--annotate", tag, `--message=Ringback ${release}`],
  ...archives.map((file) => ["npm", "publish", file, "--access=public", `--tag=${channel}`]),
  ["git", "push", "origin", "HEAD", tag],
];

if (isDryRun) {
  process.stdout.write(`Set the version ${release} in ${mentions.map(({ file }) => file).join(", ")}, CHANGELOG.md\n`);
  for (const command of commands) process.stdout.write(`${command.join(" ")}\n`);
} else {
  checkTree();
  setVersion();
  rmSync(join(root, "release"), { recursive: true, force: true });
  for (const [program = "", ...args] of commands) run(program, args);
  process.stdout.write(`Released ${release}. The tag ${tag} is where the files and the image are built from.\n`);
}

function checkTree(): void {
  const changes = execFileSync("git", ["status", "--porcelain"], { cwd: root, encoding: "utf8" });
  if (changes !== "") throw new Error(`Commit these changes before a release:\n${changes}`);
  const tags = execFileSync("git", ["tag", "--list", tag], { cwd: root, encoding: "utf8" });
  if (tags !== "") throw new Error(`The tag ${tag} exists already, so choose another version.`);
}

function setVersion(): void {
  for (const mention of mentions) {
    const path = join(root, mention.file);
    writeFileSync(path, withVersion(mention, readFileSync(path, "utf8"), release));
  }
  const changelog = join(root, "CHANGELOG.md");
  const day = new Date().toISOString().slice(0, 10);
  writeFileSync(changelog, withReleasedChanges(readFileSync(changelog, "utf8"), release, day));
}

/** Runs a command and shows its output. Ends the release when it fails. */
function run(program: string, args: readonly string[]): void {
  process.stdout.write(`\n$ ${[program, ...args].join(" ")}\n`);
  const { status } = spawnSync(program, args, { cwd: root, stdio: "inherit", shell: process.platform === "win32" });
  if (status === 0) return;
  process.stderr.write(`The release stops: ${program} ${args.join(" ")} failed. What was done before stays done.\n`);
  process.exit(1);
}
