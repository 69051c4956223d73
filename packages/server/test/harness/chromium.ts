import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import chromium, { inflate } from "@sparticuz/chromium";
import { type Browser, chromium as driver } from "playwright-core";

const cache = fileURLToPath(new URL("../../../../node_modules/.cache/ringback-chromium", import.meta.url));
const packedFiles = fileURLToPath(new URL("../bin/", import.meta.resolve("@sparticuz/chromium")));

/**
 * Starts Chromium with further arguments and variables of the environment. Returns a sentence with the reason if it
 * cannot run on this machine. The program comes from npm; the first start on a machine unpacks it.
 */
export async function startChromium(
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<Browser | string> {
  if (process.platform !== "linux" || process.arch !== "x64") {
    return `@sparticuz/chromium has no Chromium for ${process.platform} on ${process.arch}`;
  }
  const folder = await unpacked();
  // The package's own list of arguments turns off the rules between sites, which are tested here.
  const env = { ...process.env, ...variables };
  const options = { executablePath: join(folder, "chromium"), args: ["--no-sandbox", ...args], env };
  try {
    return await driver.launch(options);
  } catch {
    // The machine may lack a system library. The package contains all that Chromium needs beside the C library.
    const libraries = { LD_LIBRARY_PATH: join(folder, "al2023", "lib") };
    return driver.launch({ ...options, env: { ...env, ...libraries } }).catch(String);
  }
}

/** Returns the folder with the program. An interrupted unpacking leaves no folder. */
async function unpacked(): Promise<string> {
  const folder = join(cache, "unpacked");
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const temporary = await mkdtemp(join(cache, "unpacking-"));
  // The package unpacks into the folder for temporary files.
  const { TMPDIR } = process.env;
  process.env["TMPDIR"] = temporary;
  try {
    await Promise.all([chromium.executablePath(), inflate(join(packedFiles, "al2023.tar.br"))]);
  } finally {
    if (TMPDIR === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = TMPDIR;
  }
  await rename(temporary, folder).catch(async (error: unknown) => {
    // Another process was faster.
    await rm(temporary, { recursive: true });
    if (!existsSync(folder)) throw error;
  });
  return folder;
}
