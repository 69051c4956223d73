import { spawn } from "node:child_process";
import { createClient, type ClientOptions, type RingbackClient } from "@ringback/sdk/client";

export interface Ringback {
  readonly url: string;
  readonly client: RingbackClient;
  /** A client whose requests act on this account. */
  as(account: string, more?: Omit<ClientOptions, "url">): RingbackClient;
}

/** The server that RINGBACK_URL names. Without it, starts a server of our own, which ends with this program. */
export async function startRingback(args: readonly string[] = []): Promise<Ringback> {
  const url = process.env["RINGBACK_URL"] ?? (await startServer(args));
  const options = { url, token: process.env["RINGBACK_API_KEY"] };
  return { url, client: createClient(options), as: (account, more) => createClient({ ...options, ...more, account }) };
}

async function startServer(args: readonly string[]): Promise<string> {
  const listen = process.env["RINGBACK_LISTEN"] ?? "127.0.0.1:8000";
  // `npm start` finds the program in node_modules. Windows needs a shell for that.
  const shell = process.platform === "win32";
  const server = spawn("ringback", ["serve", `--listen=${listen}`, ...args], {
    shell,
    stdio: ["ignore", "ignore", "inherit"],
  });
  server.once("exit", (code) => process.exit(code ?? 0));
  process.once("exit", () => server.kill());
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => server.kill(signal));
  const url = `http://${listen}`;
  while (!(await isReady(url))) await new Promise((resolve) => setTimeout(resolve, 50));
  return url;
}

async function isReady(url: string): Promise<boolean> {
  return fetch(`${url}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );
}
