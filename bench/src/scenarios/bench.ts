import { rmSync } from "node:fs";
import type { BenchDatabase } from "../database/bench-database.ts";
import type { ClosedLoop } from "../load/closed-loop.ts";
import type { Target } from "../load/target.ts";
import { Server } from "../server/server.ts";
import type { LaunchOptions, Preload } from "../server/server.ts";
import type { Settings } from "../settings.ts";
import { WorkerProcess } from "../workers/worker-process.ts";
import type { Measured } from "./result.ts";

export interface BenchOptions {
  readonly settings: Settings;
  /** The arguments with which Node starts the server. */
  readonly program: readonly string[];
  /** Null: the servers use the embedded database. */
  readonly database: BenchDatabase | null;
  /** Folder that holds the folders of the servers. */
  readonly dataRoot: string;
  /** Null: no CPU profiles are taken. */
  readonly profileRoot: string | null;
  readonly log: (line: string) => void;
}

/**
 * The worker processes that all scenarios share. The two bare loops (which send POSTs and do nothing else) and the two
 * programs that call a hook run in a worker each. The compiler then optimises the code of each worker for one kind of
 * call only.
 */
export class Bench {
  readonly settings: Settings;
  readonly database: BenchDatabase | null;
  readonly log: (line: string) => void;
  readonly receiver = new WorkerProcess("receiver");
  readonly load = new WorkerProcess("load");
  readonly relay = new WorkerProcess("relay");
  readonly barePosts = { request: new WorkerProcess("bare-posts"), dispatch: new WorkerProcess("bare-posts") };
  readonly hookCallers = { fetch: new WorkerProcess("hook-caller"), dispatcher: new WorkerProcess("hook-caller") };
  readonly #options: BenchOptions;
  #ports = { answering: 0, silent: 0 };

  constructor(options: BenchOptions) {
    this.#options = options;
    this.settings = options.settings;
    this.database = options.database;
    this.log = options.log;
  }

  static async start(options: BenchOptions): Promise<Bench> {
    const bench = new Bench(options);
    bench.#ports = await bench.receiver.call("ports");
    return bench;
  }

  get receiverOrigin(): string {
    return `http://127.0.0.1:${this.#ports.answering}`;
  }

  get silentOrigin(): string {
    return `http://127.0.0.1:${this.#ports.silent}`;
  }

  /** A closed loop with the concurrency of the settings. */
  loop(target: Target, durationMs: number): ClosedLoop {
    const { concurrency, requestsMax } = this.settings;
    return { ...target, concurrency, durationMs, requestsMax };
  }

  /**
   * Starts a server and returns when the server answers. A server with the name of an earlier server finds the data of
   * that server.
   */
  async launch(name: string, preload: Preload | null = null): Promise<Server> {
    return Server.launch({ ...(await this.#launchOptions(name)), preload });
  }

  /** Starts one more node on the scenario's database. */
  async launchNode(name: string, node: number): Promise<Server> {
    return Server.launch(await this.#launchOptions(name, `${name}/node-${node}`));
  }

  /** Starts a server and returns before the server listens. */
  async spawn(name: string): Promise<Server> {
    return Server.spawn(await this.#launchOptions(name));
  }

  /** CPU time so far of a server, in microseconds. With PostgreSQL, the time of the database server is included. */
  cpuUs(server: Server): number {
    return server.cpuUs() + (this.database?.cpuUs() ?? 0);
  }

  /** Removes the data, to free the disk before the next scenario. */
  async removeData(name: string): Promise<void> {
    rmSync(this.folder(name), { recursive: true, force: true });
    await this.database?.drop(name);
  }

  folder(name: string): string {
    return `${this.#options.dataRoot}/${name}`;
  }

  async stop(): Promise<void> {
    const { receiver, load, relay, barePosts, hookCallers } = this;
    const workers = [receiver, load, relay, ...Object.values(barePosts), ...Object.values(hookCallers)];
    await Promise.all(workers.map((worker) => worker.stop()));
  }

  async #launchOptions(name: string, folder = name): Promise<LaunchOptions> {
    const { program, profileRoot } = this.#options;
    return {
      program,
      folder: this.folder(folder),
      databaseUrl: (await this.database?.url(name)) ?? null,
      preload: null,
      profileFolder: profileRoot === null ? null : `${profileRoot}/${name}`,
    };
  }
}

export interface Scenario {
  /** Name of the scenario for `--only`. */
  readonly name: string;
  readonly title: string;
  /** Set for a scenario that measures only PostgreSQL's cost and is useless with an embedded database. */
  readonly needs?: "postgres";
  /** A program that measures the server from within. Default: none. */
  readonly preload?: Preload;
  /** `server` is a new server for this scenario. `run.ts` stops it. */
  run(bench: Bench, server: Server): Promise<Measured>;
}
