/**
 * Real: servers as child processes, folders, ports, files, npm. Nothing is faked. Some tests start a server while
 * another server is running. Starts that are refused run inside the test's process, except one.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { APPLICATION_ID } from "../src/store/sqlite/migrations.ts";
import { runCommandInProcess, startCommandInProcess } from "../src/cli/testing/command-in-process.ts";
import { Api } from "./harness/api.ts";
import { withMasterKey } from "./harness/cmq/account.ts";
import { temporaryFolder } from "./harness/folder.ts";
import type { TemporaryFolder } from "./harness/folder.ts";
import { startProgram } from "./harness/program.ts";
import { Server, spawnServer } from "./harness/server.ts";
import { untilTrue } from "./harness/until.ts";

function serveArgs(folder: string, port = 0): string[] {
  return ["serve", "--listen", `127.0.0.1:${port}`, "--data", folder];
}

describe("a start while another server is running", () => {
  let taken: TemporaryFolder;
  let running: Server;
  beforeAll(async () => {
    taken = await temporaryFolder();
    running = await Server.start({ folder: taken.path });
  });
  afterAll(async () => {
    await running.kill();
    await taken[Symbol.asyncDispose]();
  });

  it("on the same folder is refused in one line, and the running server is not disturbed", async () => {
    const { code, stderr, stdout } = await spawnServer({ folder: taken.path }).ended;
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^ringback: The data folder is in use by another Ringback \(process \d+\)\. .*\n$/);
    await running.api.putTopic("still-here");
    expect((await running.api.publish("still-here", { body: "x" })).seq).toBe(1);
  });

  it("on the same port is refused in one line, and does not lock the folder", async () => {
    await using folder = await temporaryFolder();
    const { code, stderr, stdout } = await runCommandInProcess(serveArgs(folder.path, running.port), {
      env: withMasterKey(),
    });
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toBe(
      `ringback: 127.0.0.1:${running.port} is in use already; stop what listens there, or give --listen another address\n`,
    );
    const second = startCommandInProcess(serveArgs(folder.path));
    const [, url = ""] = await second.stdoutMatch(/"url":"(http:[^"]+)"/);
    await new Api(url).ok("GET", "/readyz");
    await second.stdoutMatch(/"level":"warn".*the server is open: every program on this machine can use it/);
    second.signal("SIGTERM");
    expect((await second.ended).code).toBe(0);
  });
});

describe("a start", () => {
  it.each([
    ["a file", "/etc/hostname", "it is a file"],
    ["a folder that the system does not let be made", "/proc/ringback", "ENOENT"],
  ])("on %s is refused in one line", { skip: process.platform !== "linux" }, async (_what, path, reason) => {
    const { code, stderr, stdout } = await runCommandInProcess(serveArgs(path));
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(`ringback: The data folder "${path}" cannot be used: ${reason}`);
    expect(stderr.trimEnd()).not.toContain("\n");
  });

  it("on a folder that a newer version has written is refused in one line", async () => {
    await using folder = await temporaryFolder();
    const db = new DatabaseSync(join(folder.path, "ringback.db"));
    db.exec(`PRAGMA user_version = 999; PRAGMA application_id = ${APPLICATION_ID}`);
    db.close();
    const { code, stderr } = await runCommandInProcess(serveArgs(folder.path));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^ringback: The data folder was written by a newer Ringback .*\n$/);
  });

  it.each([
    ["npm start -- --listen … --data …", ["start", "--"]],
    ["npm run ringback -- serve --listen … --data …", ["run", "ringback", "--", "serve"]],
  ])("by `%s` is the same server, and Ctrl-C, which npm repeats, stops it in order", async (_line, start) => {
    await using folder = await temporaryFolder();
    const root = fileURLToPath(new URL("../../..", import.meta.url));
    const args = [...start, "--listen", "127.0.0.1:0", "--data", folder.path];
    await using npm = startProgram("npm", args, root);
    await untilTrue("it listens", () => /"msg":"listening"/.test(npm.output()));
    const api = new Api(/"url":"(http:[^"]+)"/.exec(npm.output())?.[1] ?? "");
    await api.putTopic("t");
    npm.signalGroup("SIGINT");
    await npm.ended;
    expect(npm.output()).toMatch(/"msg":"stopped"/);
    const db = new DatabaseSync(join(folder.path, "ringback.db"), { readOnly: true });
    expect(db.prepare("SELECT count(*) AS topics FROM topic WHERE name = 't'").get()).toEqual({ topics: 1 });
    db.close();
  });
});

describe("a declaration that the server refuses stops the start with one line", () => {
  it.each([
    [
      'hooks:\n  card:\n    urls: ["http://127.0.0.1:9/"]\n    protocol: opencard\n    key: "7"\n',
      /^ringback: \S*ringback\.yaml:2: key: There is no key "7"\.\n$/,
    ],
    [
      "callbacks:\n  onMessage: http://127.0.0.1:9/\nhooks:\n  onMessage: {urls: ['http://127.0.0.1:9/']}\n",
      /^ringback: \S*ringback\.yaml:4: onMessage stands under callbacks \(line 2\) as well; keep one of the two\n$/,
    ],
    [
      "inboxes:\n  weixin: { whilePolledMs: 300000 }\n  orders:\n    topic: orders\n",
      /^ringback: \S*ringback\.yaml:3: The inbox publishes into the topic "orders", which does not exist\.\n$/,
    ],
  ])("%j", async (text, line) => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "ringback.yaml");
    await writeFile(file, text);
    const args = [...serveArgs(join(folder.path, "data")), "--config", file];
    const { code, stdout, stderr } = await runCommandInProcess(args, { env: withMasterKey() });
    // The log has the changes that the declarations before the refused one have made.
    const others = stdout.split("\n").filter((text) => text !== "" && !text.includes('"audit":true'));
    expect([code, others]).toEqual([expect.toSatisfy((value) => value !== 0), []]);
    expect(stderr).toMatch(line);
  });
});
