/** Real: the command, its configuration, its log, its handling of signals. Faked: the server, the process. */
import { describe, expect, it } from "vitest";
import type { Config } from "../config/config.ts";
import { run } from "./run.ts";
import type { StartServer } from "./serve.ts";
import { runCommand } from "./testing/command-process.ts";
import { createFakeContext } from "./testing/fake-context.ts";

function createFakeStart(close: () => Promise<void> = async () => undefined) {
  const started: Config[] = [];
  const { promise: running, resolve: announce } = Promise.withResolvers<void>();
  const start: StartServer = async (config) => {
    started.push(config);
    announce();
    return { url: "http://127.0.0.1:4711", close };
  };
  return { started, running, load: async () => start };
}

const failing = (error: Error) => async (): Promise<StartServer> => async () => {
  throw error;
};

describe("ringback serve", () => {
  it("passes the configuration to the server, logs its address, and ends with 0 when stopped", async () => {
    const context = createFakeContext({ env: { RINGBACK_DATA: "/from/env" } });
    let closed = 0;
    const server = createFakeStart(async () => void (closed += 1));
    const code = run(["serve", "--listen", "127.0.0.1:0", "--no-allow-private-networks"], context, server.load);
    await server.running;
    context.stop();
    expect(await code).toBe(0);
    expect(closed).toBe(1);
    expect(server.started).toMatchObject([
      { listen: { host: "127.0.0.1", port: 0 }, data: "/from/env", allowPrivateNetworks: false },
    ]);
    const lines = context.written.stdout
      .trimEnd()
      .split("\n")
      .map((line): unknown => JSON.parse(line));
    expect(lines).toMatchObject([
      { msg: "listening", url: "http://127.0.0.1:4711", data: "/from/env" },
      { msg: "stopping" },
      { msg: "stopped" },
    ]);
  });

  it.each([
    ["by itself", {}, "ringback receive"],
    ["by npx", { npm_command: "exec" }, "npx ringback receive"],
    ["in a clone", { npm_command: "run-script" }, "npm run ringback -- receive"],
  ])("writes an introduction to a terminal, with the next command for a server started %s", async (_how, env, next) => {
    const context = createFakeContext({ isTTY: true, env });
    const server = createFakeStart();
    const code = run(["serve", "--listen", ":8000"], context, server.load);
    await server.running;
    context.stop();
    expect(await code).toBe(0);
    expect(context.written.stdout).toMatch(/INFO.* listening .*url=http:\/\/127\.0\.0\.1:4711 data=\.\/ringback-data/);
    expect(context.written.stdout).toMatch(
      /Ringback \S+ listens on http:\/\/127\.0\.0\.1:4711 and keeps its data in \.\/ringback-data\.\nNext: /,
    );
    expect(context.written.stdout).toContain(`Next: run \`${next}\` in another terminal`);
  });

  it("writes JSON to a terminal with --json", async () => {
    const context = createFakeContext({ isTTY: true });
    const server = createFakeStart();
    const code = run(["serve", "--json", "--log-level", "warn"], context, server.load);
    await server.running;
    context.stop();
    expect([await code, context.written.stdout]).toEqual([0, ""]);
  });

  it("ends the process at once on a second signal, but not when npm passes the first one on", async () => {
    const context = createFakeContext();
    const server = createFakeStart(() => new Promise(() => undefined));
    void run(["serve"], context, server.load);
    await server.running;
    context.stop();
    context.stop(2);
    expect(context.exits).toEqual([]);
    expect(() => context.stop(1000)).toThrow("exit");
    expect(context.exits).toEqual([1]);
  });

  it.each([
    ["EADDRINUSE", "127.0.0.1:8000 is in use already; stop what listens there, or give --listen another address"],
    ["EADDRNOTAVAIL", "127.0.0.1:8000 is not an address of this machine; give --listen one of its addresses"],
    ["ESOMETHING", "the disk is gone"],
  ])("fails with one line when the start fails: %s", async (code, line) => {
    const context = createFakeContext();
    const error = Object.assign(new Error("the disk is gone"), { code });
    expect(await run(["serve"], context, failing(error))).toBe(1);
    expect(context.written.stderr).toBe(`ringback: ${line}\n`);
  });

  it("fails with one line, and starts nothing, when the configuration is invalid", async () => {
    const context = createFakeContext({ env: { RINGBACK_LISTN: "x" } });
    const server = createFakeStart();
    expect(await run(["serve"], context, server.load)).toBe(2);
    expect(context.written.stderr).toBe("ringback: RINGBACK_LISTN: no such setting; did you mean RINGBACK_LISTEN?\n");
    expect(server.started).toEqual([]);
  });
});

describe("ringback", () => {
  it("reports an invalid configuration before it loads the server", async () => {
    const { code, stderr } = await runCommand(["serve", "--listen", "nowhere"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^ringback: --listen: listen cannot be "nowhere"; give an address and a port from 0 to 65535: .*\n$/,
    );
  });

  it.each(["serve", "publish", "receive", "tail", "migrate", "version"])(
    "shows help with an example for %s",
    async (command) => {
      const context = createFakeContext();
      expect(await run([command, "--help"], context, createFakeStart().load)).toBe(0);
      expect(context.written.stdout).toMatch(new RegExp(`Examples?:\\n {2}\\$ (?:date \\| )?ringback ${command}`));
    },
  );

  it("shows the help and fails without arguments", async () => {
    const context = createFakeContext();
    expect(await run([], context, createFakeStart().load)).toBe(2);
    expect(context.written.stderr).toContain("Usage: ringback");
  });

  it.each([
    [["serv"], "ringback: unknown command 'serv' (Did you mean serve?)\n"],
    [["serve", "--lisen", "x"], "ringback: unknown option '--lisen' (Did you mean --listen?)\n"],
    [
      ["receive", "--delay", "soon"],
      /^ringback: option '--delay <duration>' argument 'soon' is invalid\. Give milliseconds, or .*\n$/,
    ],
    [["receive", "--status", "99"], /Give an HTTP status from 200 to 599\.\n$/],
    [["receive", "--fail-first", "-1"], /Give a whole number, 0 or more\.\n$/],
    [["receive", "--listen", "x"], /Give an address and a port/],
  ])("refuses %j in one line", async (args, line) => {
    const context = createFakeContext();
    expect(await run(args, context, createFakeStart().load)).toBe(2);
    expect(context.written.stderr).toMatch(line);
  });

  it("shows its version as text and as JSON", async () => {
    const context = createFakeContext();
    await run(["version"], context, createFakeStart().load);
    expect(context.written.stdout).toMatch(/^ringback \d+\.\d+\.\d+\S* \(Node \d+\.\d+\.\d+\)\n$/);
    const json = createFakeContext();
    await run(["version", "--json"], json, createFakeStart().load);
    expect(JSON.parse(json.written.stdout)).toEqual({ version: expect.any(String), node: process.versions.node });
  });
});
