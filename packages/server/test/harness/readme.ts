import { readFileSync } from "node:fs";

const root = new URL("../../../../", import.meta.url);

/** Returns the shell commands of one section of a document, unchanged: a string per block. */
export function sectionCommands(title: string, path = "README.md"): readonly string[] {
  const section = new RegExp(`^## ${title}\\n([^]*?)(?:^## |(?![^]))`, "m").exec(textOf(path))?.[1] ?? "";
  return [...section.matchAll(/^```sh\n([^]*?)\n```$/gm)].map(([, command = ""]) => command);
}

/** Returns the `curl` lines of all code blocks of a document that have nothing else, unchanged. */
export function curlLines(path: string): readonly string[] {
  return [...textOf(path).matchAll(/^```sh\n(?<code>[^]*?)^```$/gm)]
    .map(({ groups }) => (groups?.["code"] ?? "").trimEnd().split("\n"))
    .filter((lines) => lines.every((line) => line.startsWith("curl ")))
    .flat();
}

function textOf(path: string): string {
  return readFileSync(new URL(path, root), "utf8");
}

/** Addresses of the server and of the receiver in the `curl` lines. */
export const readmeServer = "127.0.0.1:8000";
export const readmeReceiver = "127.0.0.1:9000";
