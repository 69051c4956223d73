import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Ringback encrypts secrets with this key. With PostgreSQL it has no folder of its own to keep it in. In production the
 * key comes from your store of secrets, as RINGBACK_MASTER_KEY.
 */
export function provideMasterKey(file: string): void {
  if (process.env["RINGBACK_MASTER_KEY"] !== undefined) return;
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, randomBytes(32).toString("base64"), { mode: 0o600 });
  }
  process.env["RINGBACK_MASTER_KEY"] = readFileSync(file, "utf8");
}
