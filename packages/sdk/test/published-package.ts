/** The SDK as npm would publish it, in a folder in which programs can import it by its name. */

import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { inject } from "vitest";

const sdk = join(import.meta.dirname, "..");
const root = join(sdk, "../..");
const run = promisify(execFile);

export interface PublishedPackage extends AsyncDisposable {
  /**
   * Folder of programs. Programs in this folder can import `@ringback/sdk` and the packages of `beside`, and no others.
   */
  readonly folder: string;
  /** The folder of the package itself. */
  readonly packageFolder: string;
}

/** Copies the built package. `beside` names packages of the workspace that programs in the folder also need. */
export async function publishedPackage(beside: readonly string[] = []): Promise<PublishedPackage> {
  const folder = await mkdtemp(join(tmpdir(), "ringback-sdk-"));
  const packageFolder = join(folder, "node_modules/@ringback/sdk");
  await mkdir(packageFolder, { recursive: true });
  for (const name of ["package.json", "LICENSE", "README.md"]) await cp(join(sdk, name), join(packageFolder, name));
  await cp(inject("builtSdk"), join(packageFolder, "dist"), { recursive: true });
  const { dependencies } = JSON.parse(await readFile(join(sdk, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  for (const name of [...Object.keys(dependencies), ...beside]) {
    const link = join(folder, "node_modules", name);
    await mkdir(join(link, ".."), { recursive: true });
    await symlink(join(root, "node_modules", name), link, "junction");
  }
  return {
    folder,
    packageFolder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** Runs the workspace's compiler. Errors of the compiler are in the thrown error. */
export async function typeScript(args: readonly string[], cwd: string = root): Promise<void> {
  try {
    await run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), ...args], { cwd });
  } catch (error) {
    const { stdout } = error as { stdout: string };
    throw new Error(`the compiler complains:\n${stdout}`, { cause: error });
  }
}
