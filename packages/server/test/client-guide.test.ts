/**
 * Real: the programs of docs/guide/client.md and docs/guide/sending-webhooks.md with the published SDK, the compiler, a
 * server, a receiver with a library that verifies signatures. Replaced: the ports.
 */

import { execFile, spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, it } from "vitest";
import { publishedPackage, typeScript, type PublishedPackage } from "../../sdk/test/published-package.ts";
import { refusing } from "./harness/dead-endpoints.ts";
import { readmeReceiver, readmeServer } from "./harness/readme.ts";
import { startReceiver, type Arrival } from "./harness/receiver.ts";
import { useServer } from "./harness/running-server.ts";

const server = useServer();
const { NODE_OPTIONS: _, ...env } = process.env;

let published: PublishedPackage;
beforeAll(async () => {
  published = await publishedPackage(["@types/node"]);
  await writeFile(join(published.folder, "package.json"), '{"type": "module"}');
});
afterAll(() => published[Symbol.asyncDispose]());

/** The programs of a guide, as one. */
async function programOf(guide: string): Promise<string> {
  const text = await readFile(new URL(`../../../docs/guide/${guide}`, import.meta.url), "utf8");
  return Array.from(text.matchAll(/^```ts\n([^]*?)^```$/gm), ([, program]) => program ?? "").join("\n");
}

/** Compiles a program, and returns the name of the compiled file. */
async function compile(name: string, program: string): Promise<string> {
  const { folder } = published;
  await writeFile(join(folder, `${name}.ts`), program.replaceAll(readmeServer, new URL(server().url).host));
  await typeScript(["--strict", "--target", "es2024", "--types", "node", "--module", "nodenext", `${name}.ts`], folder);
  return `${name}.js`;
}

it("the programs of the client's guide compile and run", async () => {
  const file = await compile("client", await programOf("client.md"));
  const { stdout } = await promisify(execFile)(process.execPath, [file], { cwd: published.folder, env });
  expect(stdout).toMatch(/message \d+ is on disk\nthe customer's secret, shown once: whsec_/);
  expect(stdout).toContain("[ 2, 3, 4 ]");
  expect(stdout).toContain('There is no topic "no-such-topic".');
  expect(stdout).toMatch(/\{"invoice":17,"total":120\}\n\{"invoice":18\}\n\{"invoice":19\}\n\{"invoice":20\}/);
});

it("a program of thirty lines sends a webhook, shows why it fails, mends it, and sends it again", async () => {
  const program = await programOf("sending-webhooks.md");
  expect(program.split("\n").filter((line) => line !== "").length).toBeLessThanOrEqual(30);
  // The account of the commands before it has the same subscription, whose secret is not shown again.
  expect(program).not.toContain("acme");
  const known = Promise.withResolvers<string>();
  const verified: unknown[] = [];
  await using wrong = await refusing();
  await using receiver = await startReceiver((arrival, response) => {
    const answer = async (): Promise<void> => {
      verified.push(verify(await known.promise, arrival));
      response.writeHead(204).end();
    };
    void answer();
  });
  const moved = program
    .replaceAll(readmeReceiver, new URL(receiver.url).host)
    .replaceAll("127.0.0.1:9001", new URL(wrong.url).host);
  const child = spawn(process.execPath, [await compile("sending", moved)], { cwd: published.folder, env });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      const secret = /whsec_\S+(?=\n)/.exec(output)?.[0];
      if (secret !== undefined) known.resolve(secret);
    });
  }
  const code = await new Promise((resolve) => child.on("close", resolve));
  expect([code, output]).toEqual([0, expect.stringContaining("it failed: connect ECONNREFUSED 127.0.0.1:")]);
  expect(output).toMatch(/^it has arrived with attempt \d+$/m);
  expect(verified[0]).toEqual({ type: "invoice.paid", data: { id: "in_17", amount: 250 } });
});

function verify(secret: string, { text, headers }: Arrival): unknown {
  return new Webhook(secret).verify(text, headers as Record<string, string>);
}
