import { readFileSync } from "node:fs";

const root = new URL("../../../../", import.meta.url);

/**
 * Returns the `curl` lines of README.md's section "The first delivery", unchanged. The last line is the one that
 * publishes.
 */
export function firstDeliveryLines(): readonly string[] {
  const section = /^## The first delivery\n(?<text>[^]*?)^## /m.exec(textOf("README.md"))?.groups?.["text"];
  const [lines] = curlBlocks(section ?? "");
  if (lines === undefined) throw new Error("README.md has no block of curl lines under ## The first delivery");
  return lines;
}

/** Returns the shell commands of one section of README.md, unchanged. */
export function sectionCommands(title: string): readonly string[] {
  const section = new RegExp(`^## ${title}\\n([^]*?)^## `, "m").exec(textOf("README.md"))?.[1] ?? "";
  return [...section.matchAll(/^```sh\n([^]*?)\n```$/gm)].map(([, command = ""]) => command);
}

/** Returns the `curl` lines of all code blocks of a document, unchanged. */
export function curlLines(path: string): readonly string[] {
  return curlBlocks(textOf(path)).flat();
}

function curlBlocks(text: string): string[][] {
  return [...text.matchAll(/^```sh\n(?<code>[^]*?)^```$/gm)]
    .map(({ groups }) => (groups?.["code"] ?? "").trimEnd().split("\n"))
    .filter((lines) => lines.every((line) => line.startsWith("curl ")));
}

function textOf(path: string): string {
  return readFileSync(new URL(path, root), "utf8");
}

/** Addresses of the server and of the receiver in the `curl` lines. */
export const readmeServer = "127.0.0.1:8000";
export const readmeReceiver = "127.0.0.1:9000";
