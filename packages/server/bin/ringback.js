#!/usr/bin/env node
// A named import that an old Node lacks would end the process before the check below.
import * as nodeModule from "node:module";
import process from "node:process";
import { prepareProcess } from "./process-settings.js";

const nodeMajorMin = 24;
if (Number.parseInt(process.versions.node, 10) < nodeMajorMin) {
  process.stderr.write(`ringback: Node ${nodeMajorMin} or newer is needed; this is ${process.versions.node}\n`);
  process.exit(2);
}

prepareProcess();

// The compile cache is turned on before the first module is loaded. From the second start on, Node takes compiled code
// from the cache. Without the cache, Node would also strip the types of sources again, which takes a third of a second
// and 15 MB per thread.
nodeModule.enableCompileCache();

// The build, or the sources with --conditions=ringback-source: see "imports" in package.json.
const main = import.meta.resolve("#main");
await import(main).catch((error) => {
  if (error.url !== main) throw error;
  process.stderr.write("ringback: The program is not built; run `npm run build` in the repository first\n");
  process.exit(1);
});
