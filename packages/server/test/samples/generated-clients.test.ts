/**
 * Clients for Python and Go that generators make of the OpenAPI document. Real: the generators, the compilers, the
 * server. The generators come from the package registries of their languages.
 */

import { execFile } from "node:child_process";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../harness/folder.ts";
import { useServer } from "../harness/running-server.ts";

const run = promisify(execFile);
const server = useServer();
const here = import.meta.dirname;
const document = fileURLToPath(new URL("../../../../docs/reference/openapi.json", import.meta.url));
const generationMs = 600_000;

async function createTopicAndInbox(name: string): Promise<void> {
  const { api } = server();
  await api.putTopic(name);
  await api.client.put("/v1/inboxes/{inbox}", { params: { path: { inbox: name } }, body: {} });
}

describe("a generated client", { timeout: generationMs }, () => {
  it("for Python, by openapi-python-client, publishes", async () => {
    await using folder = await temporaryFolder();
    const { path: cwd } = folder;
    await createTopicAndInbox("python");
    await run("python3", ["-m", "venv", "venv"], { cwd });
    const bin = join(cwd, "venv/bin");
    await run(join(bin, "pip"), ["install", "--quiet", "openapi-python-client==0.29.1"], { cwd });
    const args = ["generate", "--path", document, "--output-path", "generated", "--meta", "none"];
    await run(join(bin, "openapi-python-client"), args, { cwd });
    await cp(join(here, "generated-client.py"), join(cwd, "program.py"));
    const { stdout } = await run(join(bin, "python"), ["program.py", server().url, "python"], { cwd });
    expect(stdout.split("\n")).toEqual(["1", "2", "success", ""]);
  });

  it("for Go, by oapi-codegen, publishes", async () => {
    await using folder = await temporaryFolder();
    const { path: cwd } = folder;
    await createTopicAndInbox("go");
    await cp(join(here, "generated-go"), cwd, { recursive: true });
    await run("go", ["tool", "oapi-codegen", "-config", "generator.yaml", document], { cwd });
    const { stdout } = await run("go", ["run", ".", server().url, "go"], { cwd });
    expect(stdout.split("\n")).toEqual(["1", "2", "success", ""]);
  });
});
