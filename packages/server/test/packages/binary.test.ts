/**
 * Real: the single file as `npm run build:binary` writes it, in a root folder that has nothing else but the libraries
 * of the system; a receiver, sockets, the official library for signatures. Nothing is faked.
 */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import manifest from "../../package.json" with { type: "json" };
import { Api } from "../harness/api.ts";
import { temporaryFolder } from "../harness/folder.ts";
import { startProgram } from "../harness/program.ts";
import { untilTrue } from "../harness/until.ts";
import { EmptyRoot, emptyRootFault } from "./empty-root.ts";
import { expectSignedDelivery, urlOf } from "./signed-delivery.ts";

const run = promisify(execFile);
const hasDashboard = existsSync(new URL("../../dist/dashboard/index.html", import.meta.url));
const build = fileURLToPath(new URL("../../build-binary.ts", import.meta.url));
const bytesMax = 150_000_000;

describe("the single file", () => {
  const started = new AsyncDisposableStack();
  let folder = "";
  let file = "";
  beforeAll(async () => {
    folder = started.use(await temporaryFolder()).path;
    await run(process.execPath, [build, folder]);
    const names = await readdir(folder);
    file = join(folder, names.find((name) => !name.endsWith(".txt")) ?? "");
  });
  afterAll(() => started.disposeAsync());

  it("is one file below its limit, with the licences of everything in it beside it", async () => {
    expect((await stat(file)).size).toBeLessThan(bytesMax);
    const names = await readdir(folder);
    expect(names).toHaveLength(2);
    const licences = await readFile(join(folder, names.find((name) => name.endsWith(".txt")) ?? ""), "utf8");
    const packages = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
    const others = packages.filter(([name]) => !name.startsWith("@ringback/"));
    const missing = others.filter(([name, version]) => !licences.includes(`${name} ${version}\n`));
    expect(missing).toEqual([]);
    expect(licences).toContain(`Node.js ${process.version}`);
  });

  it("serves and delivers where there is no Node, no shell and no library of npm", async (test) => {
    const fault = await emptyRootFault();
    if (fault !== null) test.skip(fault);
    await using root = await EmptyRoot.create();
    await root.addProgram(file, "/ringback");
    await root.addDataFolder("/data");
    await using server = root.start("/data", ["/ringback", "serve", "--data=/data", "--listen=127.0.0.1:0"]);
    await expectSignedDelivery(await urlOf(server));
    server.signalGroup("SIGTERM");
    await server.ended;
    expect(server.output()).toContain('"msg":"stopped"');
  });

  it("contains what is loaded late: YAML, expressions and WebSockets", async () => {
    await using data = await temporaryFolder();
    const config = join(data.path, "ringback.yaml");
    await writeFile(config, 'topics: { t: { subscriptions: { s: { push: { url: "http://127.0.0.1:9/" } } } } }\n');
    const sockets = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    const received: string[] = [];
    sockets.on("connection", (socket) =>
      // Both ends of a link of this dialect begin with the same greeting.
      socket.on("message", (bytes: Buffer) => void received.push(bytes.toString("utf8"))).send("hello"),
    );
    await once(sockets, "listening");
    const args = ["serve", `--data=${data.path}/data`, "--listen=127.0.0.1:0", `--config=${config}`];
    await using server = startProgram(file, args, data.path, {});
    const api = new Api(await urlOf(server));
    const push = {
      url: `ws://127.0.0.1:${(sockets.address() as AddressInfo).port}/`,
      protocol: "wechat",
      transform: { body: "{'type': data.type}" },
    };
    await api.subscribe("t", "socket", { push, filter: { where: "data.amount > 100 && data.type.matches('^a+$')" } });
    await api.publish("t", { body: { amount: 1, type: "a" } });
    await api.publish("t", { body: { amount: 101, type: "aa" } });
    await untilTrue("it delivers", () => received.length > 1);
    expect(received).toEqual(["hello", '{"type":"aa"}']);
    sockets.close();
  });

  it.runIf(hasDashboard)("contains the dashboard", async () => {
    await using data = await temporaryFolder();
    const args = ["serve", `--data=${data.path}/data`, "--listen=127.0.0.1:0"];
    await using server = startProgram(file, args, data.path, { TMPDIR: data.path });
    const page = await fetch(`${await urlOf(server)}/ui/`);
    expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    const [, script = ""] = /src="(\/assets\/[^"]+\.js)"/.exec(await page.text()) ?? [];
    expect((await fetch(new URL(script, page.url))).status).toBe(200);
    server.signalGroup("SIGTERM");
    await server.ended;
    expect((await readdir(data.path)).filter((name) => name.includes("dashboard"))).toEqual([]);
  });

  it("contains the client of PostgreSQL, and ends with a sentence where there is none", async () => {
    await using data = await temporaryFolder();
    await using server = startProgram(file, ["serve", "--database=postgres://u@127.0.0.1:9/d"], data.path, {});
    await server.ended;
    expect(server.output()).toContain("ECONNREFUSED");
  });
});
