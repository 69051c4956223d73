/** Run by `npm run generate`: writes the page about everything that programs can use of the SDK. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { apiReport } from "../../../codegen/src/api-report.ts";
import manifest from "../package.json" with { type: "json" };

export const reportFile = new URL("../../../docs/reference/sdk.md", import.meta.url);

const heading = `# The API of the SDK

<!-- Made by \`npm run generate\` from the built package; change packages/sdk/src. -->

These are all names that programs can import. A change of this page is a change for programs that use
\`${manifest.name}\`.

`;

/** `built`: the folder with the built SDK. */
export function sdkApiReport(built: string): string {
  const names = Object.keys(manifest.exports).map((path) => path.slice(2));
  // The main entry point exports what others have, so it comes last.
  const entries = names
    .toSorted((a, b) => Number(a === "") - Number(b === ""))
    .map((name) => ({
      name: name === "" ? manifest.name : `${manifest.name}/${name}`,
      types: join(built, name, "index.d.ts"),
    }));
  return heading + apiReport(built, entries);
}

if (import.meta.main) {
  const built = mkdtempSync(join(tmpdir(), "ringback-sdk-report-"));
  try {
    const build = fileURLToPath(new URL("../build.ts", import.meta.url));
    const { status } = spawnSync(process.execPath, [build, built], { stdio: "inherit" });
    if (status !== 0) throw new Error("The SDK cannot be built.");
    writeFileSync(reportFile, sdkApiReport(built));
    process.stdout.write(`${fileURLToPath(reportFile)}\n`);
  } finally {
    rmSync(built, { recursive: true, force: true });
  }
}
