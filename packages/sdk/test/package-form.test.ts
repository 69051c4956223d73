/**
 * The form of the package that npm would publish. Real: the build, npm's archive of it, publint, attw
 * (`@arethetypeswrong/core`), a bundler and a compiler. Nothing is faked.
 */

import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";

import workspace from "../../../package.json" with { type: "json" };
import server from "../../server/package.json" with { type: "json" };
import sdk from "../package.json" with { type: "json" };
import { reportFile, sdkApiReport } from "./api-report.ts";
import { gzippedBytes } from "./entry-size.ts";
import type { PublishedPackage } from "./published-package.ts";
import { publishedPackage } from "./published-package.ts";

const run = promisify(execFile);

/** Limits of what one entry point with all its imports adds to a program: minified and gzipped. */
const gzippedBytesMax: Readonly<Record<string, number>> = {
  ".": 34_500,
  "./client": 8_000,
  "./protocols": 24_500,
  "./receive": 21_000,
  "./hooks": 13_500,
  "./opencard": 16_000,
};

describe("the package of the SDK", () => {
  let published: PublishedPackage;
  beforeAll(async () => {
    published = await publishedPackage();
  });
  afterAll(() => published[Symbol.asyncDispose]());

  it("has no fault that publint knows", async () => {
    const { messages } = await publint({ pkgDir: published.packageFolder, strict: true });
    expect(messages).toEqual([]);
  });

  it("has types for ES modules, CommonJS, bundlers and old resolution, as attw checks", async () => {
    const archive = await readFile(await pack(published.packageFolder));
    const result = await checkPackage(createPackageFromTarballData(new Uint8Array(archive)));
    if (!result.types) throw new Error("attw finds no types");
    expect(result.problems).toEqual([]);
    expect(Object.keys(result.entrypoints)).toEqual(Object.keys(sdk.exports));
  });

  it("has entry points within their limits of size", async () => {
    expect(Object.keys(gzippedBytesMax)).toEqual(Object.keys(sdk.exports));
    for (const [entry, max] of Object.entries(gzippedBytesMax)) {
      const bytes = await gzippedBytes(join(published.packageFolder, "dist", entry, "index.js"));
      expect([entry, bytes, bytes <= max]).toEqual([entry, bytes, true]);
    }
  });

  it("has the API that docs/reference/sdk.md reports; `npm run generate` writes it", async () => {
    expect(sdkApiReport(inject("builtSdk"))).toBe(await readFile(reportFile, "utf8"));
  });
});

describe("both packages", () => {
  it("have the repository, its page and its issues in the same words as the workspace", () => {
    const { homepage, bugs, repository, license } = workspace;
    for (const [manifest, directory] of [
      [sdk, "packages/sdk"],
      [server, "packages/server"],
    ] as const) {
      expect(manifest).toMatchObject({ homepage, bugs, license, repository: { ...repository, directory } });
      expect(manifest.keywords.length).toBeGreaterThan(5);
      expect(manifest.files).toEqual(expect.arrayContaining(["dist", "LICENSE", "README.md"]));
    }
  });

  it("have no fault that publint knows in the server's manifest", async () => {
    const { messages } = await publint({ pkgDir: join(import.meta.dirname, "../../server"), strict: true });
    expect(messages).toEqual([]);
  });

  it("have one version, and are built when npm packs them, whatever the settings of the repository", () => {
    expect(sdk.version).toBe(server.version);
    expect(server.devDependencies["@ringback/sdk"]).toBe(sdk.version);
    for (const { scripts, publishConfig } of [sdk, server]) {
      expect(scripts.prepack).toBe("npm run build");
      expect(publishConfig).toEqual({ access: "public", "ignore-scripts": false });
    }
  });
});

/** Returns the path of the archive that npm makes. */
async function pack(folder: string): Promise<string> {
  const npm = process.env["npm_execpath"];
  const args = ["pack", "--ignore-scripts", "--loglevel=error"];
  await (npm === undefined
    ? run("npm", args, { cwd: folder, shell: process.platform === "win32" })
    : run(process.execPath, [npm, ...args], { cwd: folder }));
  const archive = (await readdir(folder)).find((name) => name.endsWith(".tgz"));
  return join(folder, archive ?? "");
}
