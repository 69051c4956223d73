/**
 * Real: both packages as npm packs them in a fresh clone, installed by npm into empty folders, on every Node that they
 * support; a receiver, sockets. Nothing is faked. npm downloads the packages that they need.
 */
import { execFile } from "node:child_process";
import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import sdk from "../../../sdk/package.json" with { type: "json" };
import { runtimes, type Runtime } from "../../../sdk/test/runtimes/installed.ts";
import server from "../../package.json" with { type: "json" };
import { temporaryFolder } from "../harness/folder.ts";
import { startProgram } from "../harness/program.ts";
import { packFreshClone } from "./fresh-clone.ts";
import { npmProgram, userEnvironment } from "./npm.ts";
import { expectSignedDelivery, urlOf } from "./signed-delivery.ts";

const run = promisify(execFile);
const installedBytesMax = 60_000_000;

const started = new AsyncDisposableStack();
let folder = "";
let archives = "";
beforeAll(async () => {
  folder = started.use(await temporaryFolder()).path;
  archives = await packFreshClone(folder);
});
afterAll(() => started.disposeAsync());

const supported = (majors: readonly number[]) => runtimes().filter(({ major }) => majors.includes(major));

/** The environment of a user whose only Node is this one. */
function environmentOf({ program }: Runtime): NodeJS.ProcessEnv {
  return { ...userEnvironment(), PATH: [dirname(program), process.env["PATH"]].join(delimiter) };
}

async function install(runtime: Runtime, name: string, version: string): Promise<string> {
  if (runtime.fault !== null) throw new Error(runtime.fault);
  const target = join(folder, `${name.replaceAll(/\W/g, "-")}-${runtime.major}`);
  await mkdir(target);
  await writeFile(join(target, "package.json"), "{}");
  const archive = join(archives, `${name.replace("@", "").replace("/", "-")}-${version}.tgz`);
  const args = [await npmProgram(), "install", "--no-audit", "--no-fund", archive];
  await run(runtime.program, args, { cwd: target, env: environmentOf(runtime) });
  return target;
}

const command = (installed: string) => join(installed, "node_modules/.bin/ringback");

describe("the installed server", () => {
  it.each(supported([24, 26]))("serves and delivers on Node $major, and is small", async (runtime) => {
    const installed = await install(runtime, server.name, server.version);
    const args = ["serve", "--listen=127.0.0.1:0"];
    await using program = startProgram(command(installed), args, installed, environmentOf(runtime));
    await expectSignedDelivery(await urlOf(program));
    const bytes = await bytesIn(join(installed, "node_modules"));
    expect(bytes).toBeLessThan(installedBytesMax);
    const { stdout } = await run(command(installed), ["version"], { env: environmentOf(runtime) });
    expect(stdout).toMatch(new RegExp(String.raw`^ringback ${server.version} \(Node ${runtime.major}\.`));
  });

  it.each(supported([20, 22]))("says on Node $major in one sentence which Node it needs", async (runtime) => {
    const installed = await install(runtime, server.name, server.version);
    await using program = startProgram(command(installed), ["serve"], installed, environmentOf(runtime));
    await program.ended;
    expect(program.output()).toMatch(/^ringback: Node 24 or newer is needed; this is \d+\.\d+\.\d+\n$/);
  });
});

describe("the installed SDK", () => {
  it.each(supported([20, 22, 24, 26]))("is imported by ES modules and by CommonJS on Node $major", async (runtime) => {
    const installed = await install(runtime, sdk.name, sdk.version);
    const names = Object.keys(sdk.exports).map((path) => join(sdk.name, path));
    // Opencard needs `jose`, which has ES modules only. Node can `require` these since 20.19 and 22.12.
    const required = names.filter((name) => runtime.major > 20 || !name.endsWith("opencard"));
    const modules = `for (const name of ${JSON.stringify(names)}) console.log(name, Object.keys(await import(name)).length);`;
    const common = `for (const name of ${JSON.stringify(required)}) console.log(name, Object.keys(require(name)).length);`;
    for (const [file, text, wanted] of [
      ["program.mjs", modules, names],
      ["program.cjs", common, required],
    ] as const) {
      await writeFile(join(installed, file), text);
      const { stdout } = await run(runtime.program, [file], { cwd: installed, env: environmentOf(runtime) });
      const counts = stdout
        .trimEnd()
        .split("\n")
        .map((line) => line.split(" "));
      expect(counts.map(([name]) => name)).toEqual(wanted);
      for (const [name, count] of counts) expect([name, Number(count) > 2]).toEqual([name, true]);
    }
  });

  it.each([20, 22, 24, 26])(
    "has types that compile with those of Node %i, and without those of browsers",
    async (major) => {
      const runtime = runtimes().find((one) => one.major === 26);
      if (runtime === undefined) throw new Error("there is no Node 26");
      const target = join(folder, `types-${major}`);
      await mkdir(target);
      const compilerOptions = { module: "nodenext", target: "es2022", lib: ["es2022"], types: ["node"], strict: true };
      const config = { compilerOptions: { ...compilerOptions, skipLibCheck: false, noEmit: true }, include: ["*.?ts"] };
      await writeFile(join(target, "package.json"), "{}");
      await writeFile(join(target, "tsconfig.json"), JSON.stringify(config));
      const names = Object.keys(sdk.exports).map((path) => join(sdk.name, path));
      const modules = names.map((name, index) => `import * as m${index} from "${name}";\nvoid m${index};\n`);
      const common = names.map((name, index) => `import m${index} = require("${name}");\nvoid m${index};\n`);
      await writeFile(join(target, "program.mts"), modules.join(""));
      await writeFile(join(target, "program.cts"), common.join(""));
      const archive = join(archives, `${sdk.name.replace("@", "").replace("/", "-")}-${sdk.version}.tgz`);
      const npm = [await npmProgram(), "install", "--no-audit", "--no-fund", "--ignore-scripts"];
      const env = environmentOf(runtime);
      await run(runtime.program, [...npm, archive, "typescript@5", `@types/node@${major}`], { cwd: target, env });
      const compiler = join(target, "node_modules/typescript/bin/tsc");
      const output = await run(runtime.program, [compiler, "-p", target], { env }).then(
        ({ stdout }) => stdout,
        ({ stdout }: { readonly stdout: string }) => stdout,
      );
      expect(output).toBe("");
    },
  );
});

async function bytesIn(path: string): Promise<number> {
  const files = await readdir(path, { recursive: true, withFileTypes: true });
  const sizes = files
    .filter((file) => file.isFile())
    .map(async (file) => (await stat(join(file.parentPath, file.name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
