import { closeSync, openSync, readdirSync, readSync, statfsSync } from "node:fs";
import { join } from "node:path";

const SQLITE_MAGIC = "SQLite format 3\0";
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  0xef53: "ext4 (or ext2, ext3)",
  0x01021994: "tmpfs: fsync costs nothing here",
  0x9123683e: "btrfs",
  0x58465342: "xfs",
  0x794c7630: "overlayfs",
  0x2fc12fc1: "zfs",
  0x6969: "nfs",
};

/** Returns the name of a folder's file system, or the hexadecimal number of an unknown file system. */
export function fileSystemOf(folder: string): string {
  const { type } = statfsSync(folder);
  return FILE_SYSTEMS[type] ?? `0x${type.toString(16)}`;
}

/**
 * Returns the journal mode in the header of a database file: bytes 18 and 19 are 2 for WAL. Null when the folder has no
 * SQLite database.
 */
export function journalModeOf(folder: string): "wal" | "rollback" | null {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const header = Buffer.alloc(20);
    const file = openSync(join(entry.parentPath, entry.name), "r");
    readSync(file, header, 0, header.length, 0);
    closeSync(file);
    if (header.toString("latin1", 0, 16) !== SQLITE_MAGIC) continue;
    return header[18] === 2 && header[19] === 2 ? "wal" : "rollback";
  }
  return null;
}
