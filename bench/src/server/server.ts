import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { nowMs } from "../clock.ts";
import { end, watch } from "../process/live-processes.ts";
import { freePort } from "../process/loopback.ts";
import { cpuUs, memory, resetPeak, systemCounts } from "../process/probe.ts";
import type { Memory, SystemCounts } from "../process/proc-files.ts";
import type { StepCounts } from "../process/step-counts.ts";
import { Catalog } from "./catalog.ts";
import { parsePrometheus } from "./prometheus.ts";

/** Time limit for a server that hangs while it starts. A server that ends is noticed at once. */
const READY_MS_MAX = 120_000;
const STOP_MS_MAX = 25_000;
const POLL_MS = 5;
const LOG_TAIL_CHARS = 2_000;
/** Programs that are loaded into the server before its own, and answer questions about it. */
const preloads = {
  /** For `takeLongestTurnMs`. */
  turns: new URL("../process/loop-turns.ts", import.meta.url),
  /** For `stepCounts`. */
  steps: new URL("../process/step-counts.ts", import.meta.url),
};
export type Preload = keyof typeof preloads;
/** Encrypts the stored API keys. A restarted server needs the same key to read them. */
const masterKey = randomBytes(32).toString("base64");

export interface LaunchOptions {
  /** The arguments with which Node starts the server. */
  readonly program: readonly string[];
  /** Folder of the server's data and log, created when missing. A restarted server finds its data there. */
  readonly folder: string;
  /** `postgres://…`. Null: the server keeps its data in the folder. */
  readonly databaseUrl: string | null;
  /** Folder of the CPU profiles. Null: no profiles are taken. */
  readonly profileFolder: string | null;
  /** A program that measures the server from within. Null: none. */
  readonly preload: Preload | null;
}

/** A Ringback server in a process of its own. */
export class Server {
  readonly origin: string;
  readonly catalog: Catalog;
  readonly spawnedAtMs: number;
  readonly #process: ChildProcess;
  readonly #logFile: string;

  constructor(origin: string, process: ChildProcess, spawnedAtMs: number, logFile: string) {
    this.origin = origin;
    this.catalog = new Catalog(origin);
    this.spawnedAtMs = spawnedAtMs;
    this.#process = process;
    this.#logFile = logFile;
  }

  /** Returns as soon as the process exists, before the server listens. */
  static async spawn(options: LaunchOptions): Promise<Server> {
    mkdirSync(options.folder, { recursive: true });
    const port = await freePort();
    const logFile = join(options.folder, "server.log");
    const log = openSync(logFile, "a");
    const listen = `127.0.0.1:${port}`;
    const spawnedAtMs = nowMs();
    const child = spawn(
      process.execPath,
      [
        ...(options.profileFolder === null ? [] : ["--cpu-prof", `--cpu-prof-dir=${options.profileFolder}`]),
        ...(options.preload === null ? [] : [`--import=${preloads[options.preload].href}`]),
        ...options.program,
        "serve",
        `--listen=${listen}`,
        `--data=${join(options.folder, "data")}`,
        ...(options.databaseUrl === null ? [] : [`--database=${options.databaseUrl}`]),
      ],
      {
        cwd: options.folder,
        env: plainEnvironment(),
        stdio: ["ignore", log, log, ...(options.preload === null ? [] : ["ipc" as const])],
      },
    );
    closeSync(log);
    watch(child);
    return new Server(`http://${listen}`, child, spawnedAtMs, logFile);
  }

  /** Returns when the server answers. */
  static async launch(options: LaunchOptions): Promise<Server> {
    const server = await Server.spawn(options);
    await server.until(() => server.#isHealthy());
    return server;
  }

  cpuUs(): number {
    return cpuUs(this.#pid());
  }

  memory(): Memory {
    return memory(this.#pid());
  }

  resetPeak(): void {
    resetPeak(this.#pid());
  }

  /** The longest CPU time for which the event loop was held since the last call. */
  takeLongestTurnMs(): Promise<number> {
    return this.#ask<number>();
  }

  /** Counts the steps of the main thread since the start. Needs the preload `steps`. */
  stepCounts(): Promise<StepCounts> {
    return this.#ask<StepCounts>();
  }

  /** How often the server's threads went to sleep, and how many read and write calls they made. Linux only. */
  systemCounts(): SystemCounts {
    return systemCounts(this.#pid());
  }

  async metrics(): Promise<Record<string, number>> {
    return parsePrometheus(await this.catalog.metricsText());
  }

  /** Waits for a condition. Throws, with the end of the server's log, when the server ends or hangs. */
  async until(condition: () => Promise<boolean>): Promise<void> {
    const deadlineMs = nowMs() + READY_MS_MAX;
    while (!(await condition())) {
      if (this.#hasEnded()) throw this.#failure("ended");
      if (nowMs() > deadlineMs) throw this.#failure(`was not ready within ${READY_MS_MAX} ms`);
      await delay(POLL_MS);
    }
  }

  async stop(): Promise<void> {
    await this.catalog.close();
    await end(this.#process, () => this.#process.kill("SIGTERM"), STOP_MS_MAX);
  }

  /** Asks the program that was loaded before the server. */
  async #ask<Answer>(): Promise<Answer> {
    const answer = once(this.#process, "message") as Promise<[Answer]>;
    this.#process.send({});
    return (await answer)[0];
  }

  async #isHealthy(): Promise<boolean> {
    try {
      return (await fetch(`${this.origin}/healthz`)).ok;
    } catch {
      return false;
    }
  }

  #hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  #pid(): number {
    const { pid } = this.#process;
    if (pid === undefined || this.#hasEnded()) throw this.#failure("ended");
    return pid;
  }

  #failure(what: string): Error {
    const log = readFileSync(this.#logFile, "utf8").slice(-LOG_TAIL_CHARS);
    return new Error(`the server ${what}. Its log ends:\n${log}`);
  }
}

/**
 * Returns the environment without the caller's settings of Ringback and Node, because the benchmark measures the server
 * with its default settings.
 */
function plainEnvironment(): NodeJS.ProcessEnv {
  const names = Object.keys(process.env).filter((name) => !name.startsWith("RINGBACK_") && name !== "NODE_OPTIONS");
  const kept = Object.fromEntries(names.map((name) => [name, process.env[name]]));
  return { ...kept, RINGBACK_MASTER_KEY: masterKey };
}
