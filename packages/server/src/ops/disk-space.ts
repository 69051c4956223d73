import { statfs } from "node:fs/promises";
import type { DiskUse } from "../engine/events/disk-nearly-full.ts";

interface DiskSpace {
  readonly sizeBytes: number;
  readonly usedBytes: number;
  /** Bytes that Ringback can still use. As `df` counts: the superuser's reserve is neither used nor free. */
  readonly freeBytes: number;
}

/** Reads the space of the file system that has the folder. */
export async function readDiskSpace(folder: string): Promise<DiskSpace> {
  const { bsize, blocks, bfree, bavail } = await statfs(folder);
  return { sizeBytes: blocks * bsize, usedBytes: (blocks - bfree) * bsize, freeBytes: bavail * bsize };
}

/** Reads how full the database of a data folder and its disk are. `bytesMax` 0: the database has no limit. */
export async function readDiskUse(
  folder: string,
  database: { readonly usedBytes: number; readonly bytesMax: number },
): Promise<readonly DiskUse[]> {
  const { usedBytes, freeBytes } = await readDiskSpace(folder);
  return [
    ...(database.bytesMax === 0 ? [] : [{ what: "database" as const, ...database }]),
    { what: "disk", usedBytes, bytesMax: usedBytes + freeBytes },
  ];
}
