import { readFileSync } from "node:fs";
import { notesOf } from "./changelog.ts";

/** `node packaging/notes.ts 1.2.3`: prints the notes of a version, for the page of the release. */
const changelog = readFileSync(new URL("../CHANGELOG.md", import.meta.url), "utf8");
process.stdout.write(`${notesOf(changelog, process.argv[2] ?? "Unreleased")}\n`);
