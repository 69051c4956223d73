import { statfs } from "node:fs/promises";

/** Space of the file system that has the folder; null: it cannot be read. */
export async function diskSpace(folder: string): Promise<{ freeBytes: number; sizeBytes: number } | null> {
  const found = await statfs(folder).catch(() => null);
  return found && { freeBytes: found.bavail * found.bsize, sizeBytes: found.blocks * found.bsize };
}
