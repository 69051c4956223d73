import { readFile } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { globSync } from "node:fs";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { siteBase } from "../../../packages/server/src/domain/site-base.ts";

const built = fileURLToPath(new URL("../dist/", import.meta.url));
const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".woff2": "font/woff2",
  ".json": "application/json",
};

/** Serves the built site at its base, as a plain web server would: `/docs/start` is the file start.html. */
export const serveSite: RequestListener = (request, response) => {
  const { pathname } = new URL(request.url ?? "/", "http://site");
  void answer(pathname).then(({ status, type, body }) =>
    response.writeHead(status, { "content-type": type }).end(body),
  );
};

async function answer(pathname: string) {
  const file = fileOf(pathname);
  try {
    const body = await readFile(built + file);
    return { status: 200, type: contentTypes[extname(file)] ?? "application/octet-stream", body };
  } catch {
    return { status: 404, type: "text/plain", body: Buffer.from(`no file ${file}`) };
  }
}

function fileOf(pathname: string): string {
  if (!pathname.startsWith(siteBase) || pathname.includes("..")) return "outside-of-the-site";
  const path = pathname.slice(siteBase.length);
  if (path === "" || path.endsWith("/")) return `${path}index.html`;
  return extname(path) === "" ? `${path}.html` : path;
}

/** Returns the path of every page of the built site. */
export function builtPages(): string[] {
  return globSync("**/*.html", { cwd: built })
    .filter((file) => file !== "404.html")
    .map((file) => siteBase + file.replace(/(?:^|(?<=\/))index\.html$|\.html$/, ""))
    .sort();
}
