import { statfs } from "node:fs/promises";
import type { DiskUse } from "../engine/events/disk-nearly-full.ts";

/** Reads how full the database of a data folder and its disk are. `bytesMax` 0: the database has no limit. */
export async function readDiskUse(
  folder: string,
  database: { readonly usedBytes: number; readonly bytesMax: number },
): Promise<readonly DiskUse[]> {
  const { bsize, blocks, bfree, bavail } = await statfs(folder);
  // As `df` counts: blocks that only the superuser may use are neither used nor available.
  const usedBytes = (blocks - bfree) * bsize;
  return [
    ...(database.bytesMax === 0 ? [] : [{ what: "database" as const, ...database }]),
    { what: "disk", usedBytes, bytesMax: usedBytes + bavail * bsize },
  ];
}
