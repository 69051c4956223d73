/**
 * Real: the package as npm would publish it, beside the packages that npm installs with it and no others; its server as
 * a child process, a receiver. Nothing is faked.
 */
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import manifest from "../package.json" with { type: "json" };
import { Api } from "./harness/api.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { startProgram } from "./harness/program.ts";
import { startReceiver } from "./harness/receiver.ts";
import { untilTrue } from "./harness/until.ts";

const packageFolder = fileURLToPath(new URL("..", import.meta.url));
const installedPackages = fileURLToPath(new URL("../../../node_modules", import.meta.url));

/** Returns the path of the command. */
async function install(folder: string, files: readonly string[]): Promise<string> {
  const installed = join(folder, "node_modules/ringback");
  await mkdir(installed, { recursive: true });
  for (const file of ["package.json", ...files]) {
    await cp(join(packageFolder, file), join(installed, file), { recursive: true });
  }
  for (const name of Object.keys(manifest.dependencies)) {
    const target = join(dirname(installed), name);
    // A scoped name has a folder of its own.
    await mkdir(dirname(target), { recursive: true });
    await symlink(join(installedPackages, name), target, "junction");
  }
  return join(installed, manifest.bin.ringback);
}

it("the published server reads its configuration file and delivers", async () => {
  await using folder = await temporaryFolder();
  await using receiver = await startReceiver();
  const command = await install(folder.path, manifest.files);
  const config = join(folder.path, "ringback.yaml");
  await writeFile(config, `topics: { t: { subscriptions: { s: { push: { url: "${receiver.url}/" } } } } }\n`);
  const args = [command, "serve", "--listen=127.0.0.1:0", `--data=${folder.path}/data`, `--config=${config}`];
  await using server = startProgram(process.execPath, args, folder.path);
  await untilTrue("it listens", () => server.output().includes('"msg":"listening"'));
  const [, url = ""] = /"url":"(http:[^"]+)".*"msg":"listening"/.exec(server.output()) ?? [];
  await new Api(url).publish("t", { body: "x" });
  await untilTrue("it delivers", () => receiver.arrivals.length > 0);
  const openapi = JSON.parse(await (await fetch(`${url}/openapi.json`)).text()) as { info: { version: string } };
  expect(openapi.info.version).toBe(manifest.version);
});

it("the published server contains the licences of the packages in it", async () => {
  const licences = await readFile(join(packageFolder, "dist/LICENSES.txt"), "utf8");
  const { "@ringback/sdk": _sdk, "@ringback/dashboard": _dashboard, ...others } = manifest.devDependencies;
  for (const [name, version] of Object.entries(others)) expect(licences).toContain(`${name} ${version}\nLicence: `);
  expect(licences).toContain("Matteo Collina");
  // A package of the dashboard.
  expect(licences).toMatch(/^react \d/m);
});

it("the command says in one line that the program is not built", async () => {
  await using folder = await temporaryFolder();
  await using program = startProgram(process.execPath, [await install(folder.path, ["bin"]), "version"], folder.path);
  await program.ended;
  expect(program.output()).toMatch(/^ringback: The program is not built; .*`npm run build`.*\n$/);
});
