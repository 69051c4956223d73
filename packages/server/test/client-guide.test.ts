/** Real: the programs of docs/guide/client.md with the published SDK, the compiler, a server. Faked: its port. */

import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { publishedPackage, typeScript } from "../../sdk/test/published-package.ts";
import { useServer } from "./harness/running-server.ts";

const server = useServer();
const guide = new URL("../../../docs/guide/client.md", import.meta.url);

it("the programs of the client's guide compile and run", async () => {
  await using published = await publishedPackage(["@types/node"]);
  const { folder } = published;
  const text = await readFile(guide, "utf8");
  const programs = Array.from(text.matchAll(/^```ts\n([^]*?)^```$/gm), ([, program]) => program ?? "");
  expect(programs.length).toBeGreaterThan(6);
  const program = programs.join("\n").replaceAll("http://127.0.0.1:8000", server().url);
  await writeFile(join(folder, "package.json"), '{"type": "module"}');
  await writeFile(join(folder, "program.ts"), program);
  await typeScript(["--strict", "--target", "es2024", "--types", "node", "--module", "nodenext", "program.ts"], folder);
  const { NODE_OPTIONS: _, ...env } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, ["program.js"], { cwd: folder, env });
  expect(stdout).toMatch(/message \d+ is on disk\nthe customer's secret, shown once: whsec_/);
  expect(stdout).toContain("[ 2, 3, 4 ]");
  expect(stdout).toContain('There is no topic "no-such-topic".');
  expect(stdout).toMatch(/\{"invoice":17,"total":120\}\n\{"invoice":18\}\n\{"invoice":19\}\n\{"invoice":20\}/);
});
