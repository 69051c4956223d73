import { readFileSync } from "node:fs";
import process from "node:process";
import { systemClock } from "../domain/ports.ts";
import { run } from "./run.ts";
import type { CommandContext, Output } from "./context.ts";
import type { StartServer } from "./serve.ts";

// Exits without an error when the reader of a pipe has ended, as in `ringback tail | head -1`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

const context: CommandContext = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  readFile: (path) => readFileSync(path),
  onStopSignal(listener) {
    // SIGHUP comes when the terminal is closed.
    process.on("SIGINT", listener).on("SIGTERM", listener).on("SIGHUP", listener);
  },
  // Windows has no such signals. The processes of a job have one group: npx, its shell and this program.
  ...(process.platform !== "win32" && {
    suspend: () => void process.kill(0, "SIGTSTP"),
    onContinue: (listener: () => void) => void process.on("SIGCONT", listener),
  }),
  clock: systemClock,
  exit: (code) => process.exit(code),
};

const exitCode = await run(process.argv.slice(2), context, loadServer);

// Waits until the output is written. Then ends the process, even if a socket or timer is still open.
await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
process.exit(exitCode);

async function flushed(output: Output & NodeJS.WriteStream): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  output.write("", () => resolve());
  return promise;
}

/** The command `serve` calls this, so that other commands start without loading the server's libraries. */
async function loadServer(): Promise<StartServer> {
  return (await import("../server.ts")).startServer;
}
