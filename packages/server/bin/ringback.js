#!/usr/bin/env node
// A named import that an old Node lacks would end the process before the check below.
import * as nodeModule from "node:module";
import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { limitYoungGeneration } from "./young-generation.js";

const nodeMajorMin = 24;
if (Number.parseInt(process.versions.node, 10) < nodeMajorMin) {
  process.stderr.write(`ringback: Node ${nodeMajorMin} or newer is needed; this is ${process.versions.node}\n`);
  process.exit(2);
}

// Without a listener, Node starts its debugger at SIGUSR1: a port that gives every program of the machine full control
// of this process. SIGUSR2 would end the process. Programs that rotate log files send one of the two.
for (const signal of ["SIGUSR1", "SIGUSR2"]) process.on(signal, () => {});

// The compile cache is turned on before the first module is loaded. From the second start on, Node takes compiled code
// from the cache. Without the cache, Node would also strip the types of sources again, which takes a third of a second
// and 15 MB per thread.
nodeModule.enableCompileCache();

// The heap grows to one and a half times its live objects, in place of up to four times, before V8 collects all
// garbage. The server has few live objects and many short-lived ones. With twice its live objects, the server needs 10
// to 25 MB more, and each message takes the same CPU time. A growth of a fifth would cost CPU time.
setFlagsFromString("--heap-growing-percent=50");
limitYoungGeneration();

// The build, or the sources with --conditions=ringback-source: see "imports" in package.json.
const main = import.meta.resolve("#main");
await import(main).catch((error) => {
  if (error.url !== main) throw error;
  process.stderr.write("ringback: The program is not built; run `npm run build` in the repository first\n");
  process.exit(1);
});
