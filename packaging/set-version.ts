/** A part of a file that names the version of the release. */
interface Mention {
  readonly file: string;
  /** The first group is what stands before the version. */
  readonly pattern: RegExp;
}

const version = String.raw`\d+\.\d+\.\d+(?:-[\w.]+)?`;

export const mentions: readonly Mention[] = [
  { file: "packages/sdk/package.json", pattern: new RegExp(`^(  "version": ")${version}`, "gm") },
  {
    file: "packages/server/package.json",
    pattern: new RegExp(`^(  "version": "|    "@ringback/[a-z]+": ")${version}`, "gm"),
  },
  {
    file: "packages/dashboard/package.json",
    pattern: new RegExp(`^(  "version": "|    "@ringback/sdk": ")${version}`, "gm"),
  },
  { file: "bench/package.json", pattern: new RegExp(`^(    "@ringback/sdk": ")${version}`, "gm") },
  { file: "deploy/Dockerfile", pattern: new RegExp(`(ringback:|image\\.version=")${version}`, "g") },
  { file: "deploy/compose.yaml", pattern: new RegExp(`(image: ringback:)${version}`, "g") },
  { file: "deploy/kubernetes.yaml", pattern: new RegExp(`(image: ringback:)${version}`, "g") },
];

/** Returns the text of one of these files with another version. Throws if the file no longer names a version. */
export function withVersion({ file, pattern }: Mention, text: string, release: string): string {
  if (!new RegExp(pattern.source, "m").test(text)) throw new Error(`${file} does not name the version any more.`);
  return text.replaceAll(pattern, `$1${release}`);
}

/** Gives the unreleased changes the number and the day of the release. `day`: such as `2026-12-01`. */
export function withReleasedChanges(changelog: string, release: string, day: string): string {
  const [, changes = ""] = /^## \[Unreleased\]\n([^]*?)(?=^## |(?![^]))/m.exec(changelog) ?? [];
  if (changes.trim() === "")
    throw new Error("CHANGELOG.md has nothing under [Unreleased], so there is nothing to release.");
  return changelog.replace("## [Unreleased]\n", `## [Unreleased]\n\n## [${release}] - ${day}\n`);
}

/** Returns the number of the release. Throws if the text is none. */
export function readRelease(text: string | undefined): string {
  if (text !== undefined && new RegExp(`^${version}$`).test(text)) return text;
  throw new Error("Name the version: npm run release -- 1.2.3, or with --dry-run after it to see the steps.");
}
