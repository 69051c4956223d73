import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { standardWebhooksKey } from "@ringback/sdk/protocols";
import { userFolder } from "../../config/user-folder.ts";
import type { CommandContext } from "../context.ts";
import { writePrivateFile } from "../private-file.ts";

/**
 * Returns the secret that `listen` signs with on this machine. The API never shows the keys of the server, and a
 * developer's machine should not have them. The secret stays the same from run to run, so that the local program can be
 * configured once.
 */
export function localSecret({ env, readFile }: Pick<CommandContext, "env" | "readFile">): string {
  const folder = userFolder(env);
  const path = folder === null ? null : join(folder, "listen-secret");
  const stored = path === null ? null : storedSecret(path, readFile);
  if (stored !== null) return stored;
  const secret = `whsec_${randomBytes(32).toString("base64")}`;
  if (path !== null) writePrivateFile(path, `${secret}\n`);
  return secret;
}

function storedSecret(path: string, readFile: CommandContext["readFile"]): string | null {
  try {
    const secret = new TextDecoder().decode(readFile(path)).trim();
    standardWebhooksKey("", secret);
    return secret;
  } catch {
    // A file that is missing or damaged is replaced.
    return null;
  }
}
