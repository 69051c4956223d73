import { isAfter, isVersion } from "./version.ts";

/**
 * Under which tag of npm a version is published, and whether it becomes the newest image and release. `next`: a
 * prerelease. `previous`: a newer version exists already, as for a mend of an older line.
 */
export type Channel = "latest" | "next" | "previous";

/** `tags`: those of all releases, such as `v1.2.3`. */
export function channelOf(version: string, tags: readonly string[]): Channel {
  if (version.includes("-")) return "next";
  const released = tags.map((tag) => tag.replace(/^v/, "")).filter((tag) => isVersion(tag) && !tag.includes("-"));
  return released.some((other) => isAfter(other, version)) ? "previous" : "latest";
}

/** The branch from which a version may be released: `main`, or the branch of its line, such as `release/1.2`. */
export function mayReleaseFrom(branch: string, version: string): boolean {
  const [major, minor] = version.split(".");
  return branch === "main" || branch === `release/${major}.${minor}`;
}
