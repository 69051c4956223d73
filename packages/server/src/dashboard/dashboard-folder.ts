import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Returns the folder with the built dashboard, which is a part of the server's build. null: it is not built. */
export function dashboardFolder(): string | null {
  const folders = ["./dashboard/", "../../dist/dashboard/"].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  return folders.find((folder) => existsSync(`${folder}index.html`)) ?? null;
}
