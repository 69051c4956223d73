/** Starts the examples as the processes that their users start. */

import { type ChildProcess, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

export const examples = dirname(import.meta.dirname);
export const secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

export interface Program extends AsyncDisposable {
  readonly url: string;
  output(): string;
}

/** Starts a program that listens on the port that it gets in the variable PORT or in its arguments. */
export async function started(
  file: string,
  argsOf: (port: number) => readonly string[],
  cwd: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<Program> {
  const port = await freePort();
  // The program must not inherit the import conditions of the process that runs the tests.
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const env = { ...inherited, PORT: String(port), WEBHOOK_SECRET: secret, ...settings };
  const child = spawn(file, argsOf(port), { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece) => (output += String(piece)));
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  return {
    url: `http://127.0.0.1:${port}/webhooks`,
    output: () => output,
    async [Symbol.asyncDispose]() {
      end(child);
      await ended;
    },
  };
}

/** Ends the program and the programs that it has started. */
function end({ pid, exitCode }: ChildProcess): void {
  if (pid !== undefined && exitCode === null) process.kill(-pid, "SIGKILL");
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

let messages = 0;

/** A request that is signed as Standard Webhooks describes. */
export function signedRequest(body: string, contentType = "application/json") {
  const id = `msg_${++messages}`;
  const timestamp = String(Math.floor(Date.now() / 1000));
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  const headers: Record<string, string> = {
    "content-type": contentType,
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${signature}`,
  };
  return { id, headers, body };
}

/** Returns the status. Repeats the request until the program listens. Fails if the program has ended. */
export async function statusOf(program: Program, init: RequestInit): Promise<number> {
  for (;;) {
    try {
      const response = await fetch(program.url, { method: "POST", ...init });
      await response.arrayBuffer();
      return response.status;
    } catch {
      if (program.output().includes("Error")) throw new Error(program.output());
      await pause(50);
    }
  }
}
