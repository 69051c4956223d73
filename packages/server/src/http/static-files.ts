import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import type { FastifyReply, FastifyRequest } from "fastify";
import { RingbackError } from "../domain/errors.ts";

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".woff2": "font/woff2",
  ".json": "application/json",
  ".txt": "text/plain; charset=utf-8",
};

/** The compressed forms of a file, best first: their names in `Accept-Encoding`, and the endings of their files. */
const codings = [
  ["br", ".br"],
  ["gzip", ".gz"],
] as const;

interface StaticFile {
  readonly path: string;
  readonly contentType: string;
  readonly etag: string;
}

/**
 * The files of a folder, which do not change while the server runs. Only names that were found at the start are served,
 * so no path of a request reaches the file system.
 */
export class StaticFiles {
  readonly #files: ReadonlyMap<string, StaticFile>;

  private constructor(files: ReadonlyMap<string, StaticFile>) {
    this.#files = files;
  }

  /** Reads the names of all files in the folder and in its folders. Throws if there is no such folder. */
  static of(folder: string): StaticFiles {
    const names = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    const files = new Map<string, StaticFile>();
    for (const path of names) {
      const name = path.slice(folder.length).replaceAll("\\", "/").replace(/^\//, "");
      const etag = `"${createHash("sha256").update(readFileSync(path)).digest("base64url").slice(0, 22)}"`;
      files.set(name, { path, contentType: contentTypes[extname(path)] ?? "application/octet-stream", etag });
    }
    return new StaticFiles(files);
  }

  /**
   * Answers with a file, compressed if the client accepts that. A file whose content is part of its name may be kept
   * for ever, any other is asked for again each time. Throws `route_not_found` for an unknown name.
   */
  async send(request: FastifyRequest, reply: FastifyReply, name: string, isKept: boolean): Promise<FastifyReply> {
    const file = this.#files.get(name);
    if (file === undefined) throw new RingbackError("route_not_found");
    reply.headers({
      "content-type": file.contentType,
      "x-content-type-options": "nosniff",
      "cache-control": isKept ? "public, max-age=31536000, immutable" : "no-cache",
      vary: "Accept-Encoding",
    });
    const { coding, found } = this.#best(name, file, request.headers["accept-encoding"] ?? "");
    reply.header("etag", found.etag);
    if (request.headers["if-none-match"] === found.etag) return reply.code(304).send();
    if (coding !== null) reply.header("content-encoding", coding);
    return reply.send(await readFile(found.path));
  }

  #best(
    name: string,
    file: StaticFile,
    accepted: string,
  ): { readonly coding: string | null; readonly found: StaticFile } {
    for (const [coding, ending] of codings) {
      const found = this.#files.get(name + ending);
      if (found !== undefined && accepts(accepted, coding)) return { coding, found };
    }
    return { coding: null, found: file };
  }
}

/** Whether a list such as `gzip, br;q=0.8` names the coding, and not with the weight 0. */
function accepts(accepted: string, coding: string): boolean {
  return accepted.split(",").some((part) => {
    const [name = "", ...parameters] = part.trim().toLowerCase().split(";");
    return name.trim() === coding && !parameters.some((parameter) => /^\s*q\s*=\s*0(?:\.0*)?\s*$/.test(parameter));
  });
}
