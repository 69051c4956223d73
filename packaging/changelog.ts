/** Keep a Changelog 1.1.0: one section per version, the newest first, with the headings of that form only. */
const kinds: ReadonlySet<string> = new Set(["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]);
const heading = /^## \[(?<name>[^\]]+)\](?: - (?<date>\d{4}-\d{2}-\d{2}))?$/;

export interface Section {
  readonly name: string;
  readonly date: string | null;
  readonly text: string;
}

/** Sections in their order. Throws for a heading that the form does not know. */
export function sections(changelog: string): readonly Section[] {
  const found: { name: string; date: string | null; lines: string[] }[] = [];
  for (const line of changelog.split("\n")) {
    const groups = heading.exec(line)?.groups;
    if (groups !== undefined) {
      found.push({ name: groups["name"] ?? "", date: groups["date"] ?? null, lines: [] });
    } else if (line.startsWith("## ")) {
      throw new Error(`CHANGELOG.md: "${line}" should be "## [Unreleased]" or "## [1.2.3] - 2026-01-31"`);
    } else if (line.startsWith("### ") && !kinds.has(line.slice(4))) {
      throw new Error(`CHANGELOG.md: "${line}" should be one of ${[...kinds].join(", ")}`);
    } else {
      found.at(-1)?.lines.push(line);
    }
  }
  return found.map(({ name, date, lines }) => ({ name, date, text: withoutLinks(lines).join("\n").trim() }));
}

/** The notes of a version. Throws if there are none. */
export function notesOf(changelog: string, version: string): string {
  const section = sections(changelog).find(({ name }) => name === version);
  if (section === undefined || !hasNotes(section.text)) {
    throw new Error(`CHANGELOG.md has no notes under "## [${version}]"`);
  }
  return section.text;
}

/** Moves the notes of "Unreleased" under the version, and renews the links at the end of the file. */
export function withRelease(changelog: string, version: string, date: string, repository: string): string {
  if (sections(changelog).some(({ name }) => name === version)) {
    throw new Error(`CHANGELOG.md already has "## [${version}]"`);
  }
  notesOf(changelog, "Unreleased");
  const moved = changelog.replace("## [Unreleased]\n", `## [Unreleased]\n\n## [${version}] - ${date}\n`);
  return `${withoutLinks(moved.split("\n")).join("\n").trimEnd()}\n\n${links(moved, repository)}\n`;
}

function hasNotes(text: string): boolean {
  return /^\* /m.test(text);
}

function withoutLinks(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => !/^\[[^\]]+\]: https:/.test(line));
}

function links(changelog: string, repository: string): string {
  const names = sections(changelog).map(({ name }) => name);
  return names
    .map((name, index) => {
      const older = names[index + 1];
      const newer = name === "Unreleased" ? "HEAD" : `v${name}`;
      if (older === undefined) return `[${name}]: ${repository}/releases/tag/${newer}`;
      return `[${name}]: ${repository}/compare/v${older}...${newer}`;
    })
    .join("\n");
}
