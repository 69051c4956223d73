/**
 * Real: the commands and the program of README.md's first two sections, typed into a shell in empty folders; npx and
 * npm with an empty cache; the packed packages; the server, Express. Faked: the two ports, and the registry for our own
 * packages, which serves the packed files.
 */
import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import sdk from "../../../sdk/package.json" with { type: "json" };
import server from "../../package.json" with { type: "json" };
import { temporaryFolder } from "../harness/folder.ts";
import { freePort } from "../harness/free-port.ts";
import { isInstalled, startProgram, untilListening } from "../harness/program.ts";
import { readmeReceiver, readmeServer, sectionCommands } from "../harness/readme.ts";
import { untilTrue } from "../harness/until.ts";
import { packFreshClone } from "./fresh-clone.ts";
import { localRegistry } from "./local-registry.ts";
import { userEnvironment } from "./npm.ts";
import { urlOf } from "./signed-delivery.ts";

const run = promisify(execFile);
const readme = new URL("../../../../README.md", import.meta.url);

it("a new user gets a signed delivery in Express by the README's first commands, from empty folders", async (test) => {
  if (!(await isInstalled("curl"))) test.skip("there is no curl on this machine");
  await using folder = await temporaryFolder();
  const archives = await packFreshClone(folder.path);
  const { stdout: elsewhere } = await run("npm", ["config", "get", "registry"], { env: userEnvironment() });
  await using registry = await localRegistry(archives, [server, sdk], elsewhere.trim());
  const env = {
    ...userEnvironment(),
    PATH: [dirname(process.execPath), process.env["PATH"]].join(delimiter),
    npm_config_registry: registry.url,
    // A person at a terminal is asked whether npx may install the package.
    npm_config_yes: "true",
    npm_config_cache: join(folder.path, "cache"),
    RINGBACK_LISTEN: `127.0.0.1:${await freePort()}`,
  };
  const [serverFolder, receiverFolder] = [join(folder.path, "server"), join(folder.path, "receiver")];
  await Promise.all([mkdir(serverFolder), mkdir(receiverFolder)]);
  const receiverPort = await freePort();
  const withPorts = (text: string) =>
    text.replaceAll(readmeServer, env.RINGBACK_LISTEN).replaceAll(readmeReceiver, `127.0.0.1:${receiverPort}`);
  const typed = async (line: string, cwd: string) => (await run("sh", ["-c", withPorts(line)], { cwd, env })).stdout;
  const startedAt = performance.now();

  const [serve = ""] = sectionCommands("Run it");
  await using serving = startProgram("sh", ["-c", serve], serverFolder, env);
  await urlOf(serving);
  const [setUp = "", install = "", start = "", publish = ""] = sectionCommands("The first delivery");
  const [secret = ""] = /whsec_[\w+/=]+/.exec(await typed(setUp, receiverFolder)) ?? [];
  await typed(install, receiverFolder);
  const [, name = "", program = ""] = /^```js\n\/\/ (\S+)\n([^]*?)^```$/m.exec(await readFile(readme, "utf8")) ?? [];
  await writeFile(join(receiverFolder, name), program.replace("9000", String(receiverPort)));
  const startLine = start.replace("whsec_…", secret);
  await using receiving = startProgram("sh", ["-c", startLine], receiverFolder, env);
  await untilListening("the receiver", receiving, receiverPort);
  const { id } = JSON.parse(await typed(publish, receiverFolder)) as { readonly id: string };
  await untilTrue("it is received", () => receiving.output().includes("\n"));
  expect(receiving.output()).toBe(`received ${id} { type: 'invoice.paid', data: { id: 'in_17', amount: 250 } }\n`);
  process.stderr.write(`the first delivery of a new user took ${Math.round(performance.now() - startedAt)} ms\n`);
});
