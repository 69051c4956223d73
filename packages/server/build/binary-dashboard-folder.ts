import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { getAssetKeys, getRawAsset } from "node:sea";

const prefix = "dashboard/";

/**
 * In a single file, the dashboard's files are assets. They are written to a new folder, readable by this user only,
 * which is removed at the end of the process. null: the file has no dashboard, or no folder can be written.
 */
export function dashboardFolder(): string | null {
  const names = getAssetKeys().filter((name) => name.startsWith(prefix));
  if (names.length === 0) return null;
  try {
    const folder = mkdtempSync(join(tmpdir(), "ringback-dashboard-"));
    process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
    for (const name of names) {
      const path = join(folder, name.slice(prefix.length));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, new Uint8Array(getRawAsset(name)));
    }
    return `${folder}/`;
  } catch {
    return null;
  }
}
