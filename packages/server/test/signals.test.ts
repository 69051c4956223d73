/** Real: commands as child processes, their signals, older Node versions. Nothing is faked. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { runtimes } from "../../sdk/test/runtimes/installed.ts";
import { startCommand } from "../src/cli/testing/command-process.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { Server } from "./harness/server.ts";

describe.skipIf(process.platform === "win32")("a server", () => {
  it("neither opens a debugger at SIGUSR1 nor ends at SIGUSR2", async () => {
    await using folder = await temporaryFolder();
    await using server = await Server.start({ folder: folder.path });
    server.signal("SIGUSR1");
    server.signal("SIGUSR2");
    await server.api.putTopic("still-here");
    // A request that arrives after the signals is answered after them. Node reports the debugger on stderr at once.
    expect((await server.api.publish("still-here", { body: "x" })).seq).toBe(1);
    const { code, stderr } = await server.stop();
    expect([code, stderr]).toEqual([0, ""]);
  });

  it("stops in order at SIGHUP, as when its terminal is closed", async () => {
    await using folder = await temporaryFolder();
    await using server = await Server.start({ folder: folder.path });
    server.signal("SIGHUP");
    const { code, stdout } = await server.ended;
    expect(code).toBe(0);
    expect(stdout).toContain('"msg":"stopped"');
  });
});

it.skipIf(process.platform === "win32").each(["receive", "inbox"])(
  "`ringback %s` neither opens a debugger at SIGUSR1 nor ends at SIGUSR2",
  async (name) => {
    const command = startCommand([name, "--listen", "127.0.0.1:0"]);
    const [url = ""] = await command.stderrMatch(/http:\/\/127\.0\.0\.1:\d+/);
    command.signal("SIGUSR1");
    command.signal("SIGUSR2");
    expect((await fetch(url)).status).toBe(200);
    command.signal("SIGTERM");
    const { code, stderr } = await command.ended;
    expect(code).toBe(0);
    expect(stderr).not.toContain("Debugger");
  },
);

describe.each(runtimes().filter(({ major }) => major < 24))("Node $major", ({ program, fault }) => {
  it("gets a sentence from `ringback serve`, because it is too old", async ({ skip }) => {
    if (fault !== null) skip(fault);
    const main = fileURLToPath(new URL("../bin/ringback.js", import.meta.url));
    const { promise, resolve } = Promise.withResolvers<{ code: unknown; stderr: string }>();
    execFile(program, [main, "serve"], (error, _stdout, stderr) => resolve({ code: error?.code, stderr }));
    const sentence = /^ringback: Node 24 or newer is needed; this is \d+\.\d+\.\d+\n$/;
    expect(await promise).toEqual({ code: 2, stderr: expect.stringMatching(sentence) });
  });
});
