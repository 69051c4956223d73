#!/usr/bin/env node
import { enableCompileCache } from "node:module";
import process from "node:process";

const nodeMajorMin = 24;
if (Number.parseInt(process.versions.node, 10) < nodeMajorMin) {
  process.stderr.write(`ringback: Node ${nodeMajorMin} or newer is needed; this is ${process.versions.node}\n`);
  process.exit(2);
}

// JavaScript, and before anything else: from the second start on, compiled code comes from the cache and no TypeScript is
// stripped. The stripper alone is 15 MB per thread, and a third of a second.
enableCompileCache();

// The sources in this repository, the build where the package is installed: see "imports" in package.json.
await import("#main");
