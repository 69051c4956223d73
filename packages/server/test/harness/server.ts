import { startCommandInProcess } from "../../src/cli/testing/command-in-process.ts";
import { startCommand } from "../../src/cli/testing/command-process.ts";
import type { CommandInput, CommandProcess, RunningCommand } from "../../src/cli/testing/command-process.ts";
import { Api } from "./api.ts";

export interface ServerOptions extends Pick<CommandInput, "env" | "prefix"> {
  readonly folder: string;
  readonly args?: readonly string[];
  /** Zero: any free port. */
  readonly port?: number;
}

/** The end of the process. `code` is null when a signal ended the process. */
export type Ended = Awaited<CommandProcess["ended"]>;

/**
 * A running `ringback serve`. The server is stopped when the object is disposed.
 */
export interface RunningServer extends AsyncDisposable {
  readonly api: Api;
  readonly url: string;
  readonly port: number;
  /** Waits for a log entry that matches, and resolves with the first match. */
  logged(pattern: RegExp): Promise<RegExpExecArray>;
  /** Stops the server as SIGTERM does, and resolves when the server has ended. */
  stop(): Promise<Ended>;
}

const listening = /"url":"(http:[^"]+)".*"msg":"listening"/;

/** A server as a child process. */
export class Server implements RunningServer {
  readonly api: Api;
  readonly url: string;
  readonly #command: CommandProcess;

  /** Starts a server. Resolves when the server has logged that it listens. */
  static async start(options: ServerOptions): Promise<Server> {
    const command = spawnServer(options);
    const [, url = ""] = await command.stdoutMatch(listening);
    return new Server(command, url);
  }

  private constructor(command: CommandProcess, url: string) {
    this.#command = command;
    this.url = url;
    this.api = new Api(url);
  }

  get port(): number {
    return portOf(this.url);
  }

  get ended(): Promise<Ended> {
    return this.#command.ended;
  }

  signal(name: NodeJS.Signals): void {
    this.#command.signal(name);
  }

  logged(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#command.stdoutMatch(pattern);
  }

  stop(): Promise<Ended> {
    return stop(this.#command);
  }

  /** Sends SIGKILL, and resolves when the process has ended. */
  async kill(): Promise<Ended> {
    this.#command.signal("SIGKILL");
    return this.#command.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

/** Starts a server without waiting, for starts that fail or that a test kills. */
export function spawnServer({ env = {}, prefix = [], ...options }: ServerOptions): CommandProcess {
  return startCommand(serveArgs(options), { env, prefix });
}

/**
 * Starts a server inside the test's process, which takes a sixth of the CPU time of a child process. For tests that use
 * only the server's HTTP API, and neither measure nor kill its process.
 */
export async function startServerInProcess({ env = {}, ...options }: ServerOptions): Promise<RunningServer> {
  const args = [...serveArgs(options), "--shutdown-grace-ms", "50"];
  const command = startCommandInProcess(args, { env });
  const [, url = ""] = await command.stdoutMatch(listening);
  return {
    api: new Api(url),
    url,
    port: portOf(url),
    logged: (pattern) => command.stdoutMatch(pattern),
    stop: () => stop(command),
    [Symbol.asyncDispose]: async () => void (await stop(command)),
  };
}

function serveArgs({ folder, args = [], port = 0 }: ServerOptions): string[] {
  return ["serve", "--listen", `127.0.0.1:${port}`, "--data", folder, ...args];
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}

function stop(command: RunningCommand<"SIGTERM">): Promise<Ended> {
  command.signal("SIGTERM");
  return command.ended;
}
