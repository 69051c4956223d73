import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Platform, platforms, writeArchive } from "./archive.ts";
import { npm } from "./npm.ts";
import { Repository } from "./repository.ts";
import { versionsIn } from "./version-files.ts";

/**
 * `npm run release:artifacts -- --to FOLDER [--tag v1.2.3] [--platforms linux-x64,win-x64]`: writes the packages for
 * npm, the archives and the SBOM of the present build.
 */
const root = fileURLToPath(new URL("..", import.meta.url));
const { values } = parseArgs({
  options: {
    to: { type: "string", default: "artifacts" },
    tag: { type: "string" },
    platforms: { type: "string", default: Object.keys(platforms).join(",") },
  },
});
const [version = ""] = versionsIn(root, "packages/server/package.json");
if (values.tag !== undefined && values.tag !== `v${version}`) {
  throw new Error(`the tag is ${values.tag}, and the packages have the version ${version}`);
}

const to = resolve(values.to);
mkdirSync(to, { recursive: true });
const work = mkdtempSync(join(tmpdir(), "ringback-artifacts-"));
process.once("exit", () => rmSync(work, { recursive: true, force: true }));

npm(root, "pack", "--silent", "--workspace", "@ringback/sdk", "--workspace", "ringback", "--pack-destination", to);
const sbom = npm(root, "sbom", "--sbom-format", "cyclonedx", "--workspace", "@ringback/sdk", "--workspace", "ringback");
writeFileSync(join(to, `ringback-${version}.cdx.json`), sbom);

const installed = join(work, "installed");
mkdirSync(installed);
writeFileSync(join(installed, "package.json"), '{ "private": true }\n');
npm(installed, "install", "--silent", "--ignore-scripts", "--omit=dev", join(to, `ringback-${version}.tgz`));

const { optionalDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  optionalDependencies: Readonly<Record<string, string>>;
};
const modifiedAt = Number(new Repository(root).git("log", "-1", "--format=%ct"));
for (const platform of values.platforms.split(",") as Platform[]) {
  const nodeVersion = optionalDependencies[platforms[platform]];
  if (nodeVersion === undefined)
    throw new Error(`no platform ${platform}; right are ${Object.keys(platforms).join(", ")}`);
  const own = join(work, platform);
  mkdirSync(own);
  const license = join(root, "LICENSE");
  const parts = { platform, version, nodeVersion, license, work: own, to, modifiedAt };
  process.stdout.write(`${writeArchive({ ...parts, modules: join(installed, "node_modules") })}\n`);
  rmSync(own, { recursive: true });
}
