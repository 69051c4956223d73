/**
 * `npm run pack`: builds both packages and writes them as npm publishes them. The only argument: the folder to write
 * to; default: `artifacts`. Plain `npm pack` would not build them, because .npmrc turns off all scripts.
 */

import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { npm, root } from "./npm.ts";

const folder = resolve(process.argv[2] ?? join(root, "artifacts"));
mkdirSync(folder, { recursive: true });
const packages = ["--workspace=@ringback/sdk", "--workspace=ringback"];
npm("pack", "--ignore-scripts=false", "--silent", ...packages, `--pack-destination=${folder}`);
