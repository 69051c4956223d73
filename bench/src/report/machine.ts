import { readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem, type, version } from "node:os";
import { fileSystemOf } from "../server/data-folder.ts";

/** The machine and the versions with which the figures were measured. */
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
    /** Load of the machine by other processes before the run. */
    loadAverageBefore: loadavg(),
    node: process.version,
    undici: undiciVersion(),
  };
}

/** Version of the undici package that the generator and the bare loops use. Node contains another copy. */
function undiciVersion(): string {
  const description: { version: string } = JSON.parse(
    readFileSync(new URL(import.meta.resolve("undici/package.json")), "utf8"),
  );
  return description.version;
}

export type Machine = ReturnType<typeof machine>;
