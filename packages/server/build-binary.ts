/**
 * `npm run build:binary`: writes the server as one executable file for this platform, and the licences of everything in
 * it. The dashboard comes from `dist/`, if it is built. The only argument: the folder to write to; default: `artifacts`
 * in the repository.
 */

import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { dashboardAssets } from "./build/dashboard-assets.ts";
import { licencesOf } from "./build/licences.ts";
import { oneFileBundle } from "./build/one-file-bundle.ts";

const nodeMajor = 26;
if (!process.version.startsWith(`v${nodeMajor}.`)) {
  throw new Error(`build:binary needs Node ${nodeMajor}, which becomes part of the file; this is ${process.version}.`);
}

const folder = resolve(process.argv[2] ?? join(import.meta.dirname, "../../artifacts"));
const name = `ringback-${process.platform}-${process.arch}`;
const output = join(folder, process.platform === "win32" ? `${name}.exe` : name);
const dist = join(import.meta.dirname, "dist");
const work = mkdtempSync(join(tmpdir(), "ringback-binary-"));
try {
  mkdirSync(folder, { recursive: true });
  const program = await oneFileBundle("build/binary-entry.ts");
  const thread = await oneFileBundle("src/store/sqlite/database-thread.ts");
  const assets = dashboardAssets();
  // The licences of the dashboard's packages are among those of the whole build.
  const builtLicences = Object.keys(assets).length === 0 ? [] : [readFileSync(join(dist, "LICENSES.txt"), "utf8")];
  const licences = [nodeLicence(), licencesOf(program.modules), ...builtLicences];
  const texts = {
    "main.mjs": program.code,
    "database-thread.js": thread.code,
    "LICENSES.txt": licences.join(`\n${"-".repeat(80)}\n\n`),
  };
  for (const [file, text] of Object.entries(texts)) writeFileSync(join(work, file), text);
  makeExecutable(assets);
  copyFileSync(join(work, "LICENSES.txt"), join(folder, `${name}-LICENSES.txt`));
  process.stdout.write(`${output}: ${(statSync(output).size / 1e6).toFixed(1)} MB\n`);
} finally {
  rmSync(work, { recursive: true, force: true });
}

function makeExecutable(assets: Readonly<Record<string, string>>): void {
  const settings = {
    main: join(work, "main.mjs"),
    mainFormat: "module",
    executable: smallerNode(),
    output,
    disableExperimentalSEAWarning: true,
    useCodeCache: true,
    // Variables and arguments for Node would change how the program runs; NODE_OPTIONS is for other programs.
    execArgvExtension: "none",
    assets: { "database-thread.js": join(work, "database-thread.js"), ...assets },
  };
  const file = join(work, "settings.json");
  writeFileSync(file, JSON.stringify(settings));
  // Of what Node prints meanwhile, only errors are shown.
  execFileSync(process.execPath, ["--build-sea", file], { stdio: ["ignore", "ignore", "inherit"] });
  chmodSync(output, 0o755);
  // macOS starts no file whose signature does not fit its bytes. This signature needs no certificate.
  if (process.platform === "darwin") execFileSync("codesign", ["--force", "--sign", "-", output]);
}

/** Returns a copy of Node without its debugging symbols, a fifth of its bytes; Node itself where `strip` is missing. */
function smallerNode(): string {
  const copy = join(work, basename(process.execPath));
  if (process.platform !== "linux") return process.execPath;
  try {
    execFileSync("strip", ["--strip-unneeded", "-o", copy, process.execPath], { stdio: "ignore" });
    return copy;
  } catch {
    return process.execPath;
  }
}

/** Node's licence is beside its program: in the folder above `bin`, or on Windows in the same folder. */
function nodeLicence(): string {
  const files = [join(dirname(process.execPath), "../LICENSE"), join(dirname(process.execPath), "LICENSE")];
  for (const file of files) {
    if (statSync(file, { throwIfNoEntry: false })?.isFile() === true) {
      return `Node.js ${process.version}\n\n${readFileSync(file, "utf8").trim()}\n`;
    }
  }
  throw new Error(`The licence of Node is in neither ${files.join(" nor ")}, and must be published with the file.`);
}
