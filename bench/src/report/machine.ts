import { readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem, type, version } from "node:os";
import { fileSystemOf } from "../server/data-folder.ts";

/** Where the figures come from. */
export function machine(dataRoot: string) {
  const processors = cpus();
  return {
    cpu: processors[0]?.model ?? "unknown",
    cores: processors.length,
    memoryMb: Math.round(totalmem() / 1e6),
    system: type(),
    kernel: release(),
    systemVersion: version(),
    fileSystem: fileSystemOf(dataRoot),
    /** Work that others had for the machine when the run began. */
    loadAverageBefore: loadavg(),
    node: process.version,
    undici: undiciVersion(),
  };
}

/** Of the undici that the generator and the bare loops use, which is not the one inside Node. */
function undiciVersion(): string {
  const description: { version: string } = JSON.parse(
    readFileSync(new URL(import.meta.resolve("undici/package.json")), "utf8"),
  );
  return description.version;
}

export type Machine = ReturnType<typeof machine>;
