import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";

const program = fileURLToPath(new URL("../../build.ts", import.meta.url));

const build = async () => void (await promisify(execFile)(process.execPath, [program]));

/** Builds the server before the tests, which start the build as `npm start` does. */
export default async function buildServer(project: TestProject): Promise<void> {
  await build();
  project.onTestsRerun(build);
}
