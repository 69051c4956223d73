import { rmSync } from "node:fs";
import type { BareCommands } from "../bare/commands.ts";
import type { LoadCommands } from "../load/commands.ts";
import type { BenchDatabase } from "../database/bench-database.ts";
import { Child } from "../process/child.ts";
import type { HookLoop, ProgramCommands } from "../program/commands.ts";
import type { ReceiverCommands } from "../receiver/commands.ts";
import { Server } from "../server/launch.ts";
import type { Settings } from "../settings.ts";
import type { DeliveryAccount, Figure } from "./result.ts";

export interface BenchOptions {
  readonly settings: Settings;
  /** The server's entry point. */
  readonly entry: string;
  /** Null: the servers keep their data themselves. */
  readonly database: BenchDatabase | null;
  /** Scenarios make their servers' folders in it. */
  readonly dataRoot: string;
  /** Null: no CPU profiles. */
  readonly profileRoot: string | null;
  readonly log: (line: string) => void;
}

/**
 * The processes around the server, which every scenario shares. The two bare loops have one each, and so have the programs
 * that call a hook, so that none is compiled with another's habits.
 */
export class Bench {
  readonly settings: Settings;
  readonly database: BenchDatabase | null;
  readonly log: (line: string) => void;
  readonly receiver: Child<ReceiverCommands>;
  readonly load: Child<LoadCommands>;
  readonly bareRequest: Child<BareCommands>;
  readonly bareDispatch: Child<BareCommands>;
  readonly programs: Readonly<Record<HookLoop["transport"], Child<ProgramCommands>>>;
  readonly receiverOrigin: string;
  readonly silentOrigin: string;
  readonly #options: BenchOptions;

  private constructor(
    options: BenchOptions,
    receiver: Child<ReceiverCommands>,
    ports: { readonly answering: number; readonly silent: number },
  ) {
    this.#options = options;
    this.settings = options.settings;
    this.database = options.database;
    this.log = options.log;
    this.receiver = receiver;
    this.receiverOrigin = `http://127.0.0.1:${ports.answering}`;
    this.silentOrigin = `http://127.0.0.1:${ports.silent}`;
    this.load = new Child<LoadCommands>(new URL("../load/main.ts", import.meta.url));
    this.bareRequest = new Child<BareCommands>(new URL("../bare/main.ts", import.meta.url));
    this.bareDispatch = new Child<BareCommands>(new URL("../bare/main.ts", import.meta.url));
    const program = new URL("../program/main.ts", import.meta.url);
    this.programs = { fetch: new Child<ProgramCommands>(program), dispatcher: new Child<ProgramCommands>(program) };
  }

  static async start(options: BenchOptions): Promise<Bench> {
    const receiver = new Child<ReceiverCommands>(new URL("../receiver/main.ts", import.meta.url));
    return new Bench(options, receiver, await receiver.call("ports", null));
  }

  /** A server that answers. Launching the same name again finds the data of before. */
  async launch(name: string): Promise<Server> {
    return Server.launch(await this.#launchOptions(name));
  }

  /** One more node on the scenario's database. */
  async launchNode(name: string, node: number): Promise<Server> {
    return Server.launch(await this.#launchOptions(name, `${name}/node-${node}`));
  }

  /** A server that may not listen yet. */
  async spawn(name: string): Promise<Server> {
    return Server.spawn(await this.#launchOptions(name));
  }

  /** CPU time of a server so far, and of the database when that is not inside it, in microseconds. */
  cpuUs(server: Server): number {
    return server.cpuUs() + (this.database?.cpuUs() ?? 0);
  }

  /** A million messages need not stay on the disk until the end. */
  async forget(name: string): Promise<void> {
    rmSync(this.folder(name), { recursive: true, force: true });
    await this.database?.drop(name);
  }

  folder(name: string): string {
    return `${this.#options.dataRoot}/${name}`;
  }

  async stop(): Promise<void> {
    const { receiver, load, bareRequest, bareDispatch, programs } = this;
    const children = [receiver, load, bareRequest, bareDispatch, programs.fetch, programs.dispatcher];
    await Promise.all(children.map((child) => child.stop()));
  }

  async #launchOptions(name: string, folder = name) {
    const { entry, profileRoot } = this.#options;
    return {
      entry,
      folder: this.folder(folder),
      databaseUrl: (await this.database?.url(name)) ?? null,
      profileFolder: profileRoot === null ? null : `${profileRoot}/${name}`,
    };
  }
}

export interface Scenario {
  /** For `--only`. */
  readonly name: string;
  readonly title: string;
  /** It says nothing about a server that keeps its data itself. */
  readonly needs?: "postgres";
  /** `server` is a fresh one that nobody else uses; `run.ts` stops it. */
  run(bench: Bench, server: Server): Promise<Measured>;
}

/** What one scenario finds; `run.ts` adds the rest of the result. */
export interface Measured {
  readonly figures: readonly Figure[];
  readonly deliveries: readonly DeliveryAccount[];
  readonly details: Readonly<Record<string, unknown>>;
}
