import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { nowMs } from "../clock.ts";
import { end, watch } from "../process/live-processes.ts";
import { portOf } from "../process/port-of.ts";
import { cpuUs, memory } from "../process/probe.ts";
import type { Memory } from "../process/proc-files.ts";
import { Catalog } from "./catalog.ts";
import { parsePrometheus } from "./prometheus.ts";

const READY_MS_MAX = 20_000;
const STOP_MS_MAX = 25_000;
const POLL_MS = 5;
const LOG_TAIL_CHARS = 2_000;
/** API keys are kept sealed. One for all launches: a second one on a folder opens the first one's keys. */
const masterKey = randomBytes(32).toString("base64");

export interface LaunchOptions {
  /** The server's entry point. */
  readonly entry: string;
  /** A folder for its data and its log; made when missing. A second launch on it finds the first one's data. */
  readonly folder: string;
  /** `postgres://…`; null: its data is in the folder. */
  readonly databaseUrl: string | null;
  /** Where CPU profiles go; null: none are taken. */
  readonly profileFolder: string | null;
}

/** A Ringback server as a process of its own. */
export class Server {
  readonly origin: string;
  readonly catalog: Catalog;
  readonly spawnedAtMs: number;
  readonly #process: ChildProcess;
  readonly #logFile: string;

  private constructor(origin: string, process: ChildProcess, spawnedAtMs: number, logFile: string) {
    this.origin = origin;
    this.catalog = new Catalog(origin);
    this.spawnedAtMs = spawnedAtMs;
    this.#process = process;
    this.#logFile = logFile;
  }

  /** Returns as soon as the process exists; it may not listen yet. */
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
        "--conditions=ringback-source",
        options.entry,
        "serve",
        `--listen=${listen}`,
        `--data=${join(options.folder, "data")}`,
        ...(options.databaseUrl === null ? [] : [`--database=${options.databaseUrl}`]),
      ],
      { cwd: options.folder, env: plainEnvironment(), stdio: ["ignore", log, log] },
    );
    closeSync(log);
    watch(child);
    return new Server(`http://${listen}`, child, spawnedAtMs, logFile);
  }

  /** Returns once it answers. */
  static async launch(options: LaunchOptions): Promise<Server> {
    const server = await Server.spawn(options);
    await server.until(() => server.#healthy());
    return server;
  }

  cpuUs(): number {
    return cpuUs(this.#pid());
  }

  memory(): Memory {
    return memory(this.#pid());
  }

  async metrics(): Promise<Record<string, number>> {
    return parsePrometheus(await this.catalog.metricsText());
  }

  /** Asks every few milliseconds. Throws, with the end of the server's log, when it dies or takes too long. */
  async until(reached: () => Promise<boolean>): Promise<void> {
    const deadlineMs = nowMs() + READY_MS_MAX;
    while (!(await reached())) {
      if (this.#process.exitCode !== null || this.#process.signalCode !== null) throw this.#failure("ended");
      if (nowMs() > deadlineMs) throw this.#failure(`was not ready within ${READY_MS_MAX} ms`);
      await delay(POLL_MS);
    }
  }

  async stop(): Promise<void> {
    await this.catalog.close();
    await end(this.#process, () => this.#process.kill("SIGTERM"), STOP_MS_MAX);
  }

  async #healthy(): Promise<boolean> {
    try {
      return (await fetch(`${this.origin}/healthz`)).ok;
    } catch {
      return false;
    }
  }

  #pid(): number {
    const { pid, exitCode, signalCode } = this.#process;
    if (pid === undefined || exitCode !== null || signalCode !== null) throw this.#failure("ended");
    return pid;
  }

  #failure(what: string): Error {
    return new Error(
      `the server ${what}. Its log ends:\n${readFileSync(this.#logFile, "utf8").slice(-LOG_TAIL_CHARS)}`,
    );
  }
}

/** The defaults are what is measured: neither the caller's settings nor a `ringback.yaml` nearby may change them. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const names = Object.keys(process.env).filter((name) => !name.startsWith("RINGBACK_") && name !== "NODE_OPTIONS");
  const kept = Object.fromEntries(names.map((name) => [name, process.env[name]]));
  return { ...kept, RINGBACK_MASTER_KEY: masterKey };
}

/** A port that nobody listened on a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const port = portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
