import { startCommand } from "../../src/cli/testing/command-process.ts";
import type { CommandProcess } from "../../src/cli/testing/command-process.ts";
import { Api } from "./api.ts";

export interface ServerOptions {
  readonly folder: string;
  readonly args?: readonly string[];
  /** Zero stands for any free port. */
  readonly port?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** After a signal, `code` is null. */
export type Ended = Awaited<CommandProcess["ended"]>;

/** `ringback serve` as a child process, by the sources that `npm start` runs. */
export class Server implements AsyncDisposable {
  readonly api: Api;
  readonly url: string;
  readonly #command: CommandProcess;

  /** Resolves when the server has logged that it listens. */
  static async start(options: ServerOptions): Promise<Server> {
    const command = spawnServer(options);
    const [, url = ""] = await command.stdoutMatch(/"url":"(http:[^"]+)".*"msg":"listening"/);
    return new Server(command, url);
  }

  private constructor(command: CommandProcess, url: string) {
    this.#command = command;
    this.url = url;
    this.api = new Api(url);
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  get ended(): Promise<Ended> {
    return this.#command.ended;
  }

  signal(name: "SIGINT" | "SIGTERM" | "SIGSTOP" | "SIGCONT"): void {
    this.#command.signal(name);
  }

  logged(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#command.stdoutMatch(pattern);
  }

  /** Sends SIGTERM, and resolves when the process has ended. */
  async stop(): Promise<Ended> {
    this.#command.signal("SIGTERM");
    return this.#command.ended;
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

/** For starts that fail, or that a test kills before they are done. */
export function spawnServer({ folder, args = [], port = 0, env = {} }: ServerOptions): CommandProcess {
  return startCommand(["serve", "--listen", `127.0.0.1:${port}`, "--data", folder, ...args], { env });
}
