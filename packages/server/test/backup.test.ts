/**
 * Real: servers and commands as child processes, their folders, SQLite. Nothing is faked. Publishers work during each
 * backup, and each restored copy is opened by a server.
 */
import { copyFile, mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { runCommand } from "../src/cli/testing/command-process.ts";
import { runCommandInProcess } from "../src/cli/testing/command-in-process.ts";
import type { Api } from "./harness/api.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { startReceiver } from "./harness/receiver.ts";
import { Server, startServerInProcess } from "./harness/server.ts";
import { untilTrue } from "./harness/until.ts";

const PUBLISHERS = 8;

const run = (...args: string[]) => runCommandInProcess(["backup", ...args]);

/** Publishes without a pause until `stop`, and keeps the ids of the messages that the server has accepted. */
function startLoad(api: Api) {
  const accepted: string[] = [];
  const over = new AbortController();
  const publishing = Array.from({ length: PUBLISHERS }, async () => {
    while (!over.signal.aborted) accepted.push((await api.publish("t", { body: "x".repeat(2_000) })).id);
  });
  return {
    accepted,
    async stop(): Promise<void> {
      over.abort();
      await Promise.all(publishing);
    },
  };
}

/** Opens a copy as the database of a new folder, and calls `check`. */
async function restored(root: string, file: string, check: (api: Api) => Promise<void>): Promise<void> {
  const folder = join(root, "restored");
  await mkdir(folder, { mode: 0o700 });
  await copyFile(file, join(folder, "ringback.db"));
  const db = new DatabaseSync(join(folder, "ringback.db"));
  expect(db.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
  db.close();
  const server = await startServerInProcess({ folder });
  await check(server.api);
  const { stdout } = await server.stop();
  expect(stdout).not.toContain("did not stop cleanly");
}

describe("ringback backup", () => {
  it("copies everything that was accepted before it began, while the server publishes and delivers", async () => {
    await using root = await temporaryFolder();
    await using receiver = await startReceiver();
    const [folder, file] = [join(root.path, "data"), join(root.path, "copy.db")];
    await using server = await Server.start({ folder });
    await server.api.putTopic("t");
    await server.api.subscribe("t", "s", { push: { url: receiver.url } });
    const load = startLoad(server.api);
    await untilTrue("there is something to copy", () => load.accepted.length > 300);
    const before = [...load.accepted];
    const { code, stdout, stderr } = await runCommand(["backup", "--data", folder, "--to", file, "--json"]);
    expect([code, stderr]).toEqual([0, ""]);
    const { size, mode } = await stat(file);
    expect(JSON.parse(stdout)).toMatchObject({ type: "backup", file, bytes: size });
    expect((mode & 0o777).toString(8)).toBe("600");
    const during = load.accepted.length;
    await untilTrue("the server still accepts messages", () => load.accepted.length > during);
    await load.stop();
    expect((await readdir(root.path)).sort()).toEqual(["copy.db", "data"]);
    await restored(root.path, file, async (api) => {
      for (const id of before) expect((await api.message(id)).body).toHaveLength(2_000);
      await untilTrue("deliveries go on", () =>
        before.every((id) => receiver.arrivals.some((a) => a.messageId === id)),
      );
    });
  });

  it("copies the folder of a server that was killed, and of one that has stopped", async () => {
    await using root = await temporaryFolder();
    const folder = join(root.path, "data");
    const server = await Server.start({ folder });
    await server.api.putTopic("t");
    const { id } = await server.api.publish("t", { body: "a" });
    await server.kill();
    const [killed, stopped] = [join(root.path, "killed.db"), join(root.path, "stopped.db")];
    expect(await runCommandInProcess(["backup", "--data", folder, "--to", killed])).toMatchObject({ code: 0 });
    await restored(root.path, killed, async (api) => expect((await api.message(id)).body).toBe("a"));
    const again = await runCommandInProcess(["backup", "--to", stopped], {
      env: { RINGBACK_DATA: join(root.path, "restored") },
    });
    expect(again).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^copied .* to .*stopped\.db in \d/) as string,
    });
  });

  it("overwrites nothing, and leaves nothing behind when it fails", async () => {
    await using root = await temporaryFolder();
    await using server = await startServerInProcess({ folder: join(root.path, "data") });
    await server.api.putTopic("t");
    const file = join(root.path, "file");
    await writeFile(file, "precious");
    expect(await run("--data", join(root.path, "data"), "--to", file)).toEqual({
      code: 1,
      stdout: "",
      stderr: `ringback: "${file}" exists already, and a backup never overwrites a file.\n`,
    });
    const nowhere = join(root.path, "nowhere", "file");
    expect(await run("--data", join(root.path, "data"), "--to", nowhere)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^ringback: The backup ".*" cannot be written: ENOENT[^\n]*\n$/) as string,
    });
    expect(await run("--data", nowhere, "--to", `${file}2`)).toMatchObject({
      code: 1,
      stderr: `ringback: There is no Ringback database in the folder "${nowhere}".\n`,
    });
    expect((await readdir(root.path)).sort()).toEqual(["data", "file"]);
  });

  it("names pg_dump for PostgreSQL, without the password", async () => {
    const database = "postgres://me:secret@db.example:6000/ringback";
    const named = await runCommandInProcess(["backup", "--to", "file"], { env: { RINGBACK_DATABASE: database } });
    expect(named).toEqual({
      code: 2,
      stdout: "",
      stderr:
        "ringback: the database is PostgreSQL, which has its own tool for backups: pg_dump --format=custom " +
        "--schema=ringback --host=db.example --port=6000 --dbname=ringback --file=file\n",
    });
  });
});
