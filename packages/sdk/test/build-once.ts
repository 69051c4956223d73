/** Builds the SDK before the tests, since several of them need it as npm would publish it. */

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** The folder of the built SDK. Tests copy it. */
    readonly builtSdk: string;
  }
}

const program = join(import.meta.dirname, "../build.ts");

export default async function buildOnce(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "ringback-sdk-build-"));
  const build = async () => void (await promisify(execFile)(process.execPath, [program, folder]));
  await build();
  project.provide("builtSdk", folder);
  project.onTestsRerun(build);
  return () => rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
