import { execFile } from "node:child_process";
import { cp, mkdir } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import sdk from "../../../packages/sdk/package.json" with { type: "json" };
import server from "../../../packages/server/package.json" with { type: "json" };
import { temporaryFolder } from "../../../packages/server/test/harness/folder.ts";
import { freePort } from "../../../packages/server/test/harness/free-port.ts";
import { startProgram, type Program } from "../../../packages/server/test/harness/program.ts";
import { until } from "../../../packages/server/test/harness/until.ts";
import { packFreshClone } from "../../../packages/server/test/packages/fresh-clone.ts";
import { localRegistry } from "../../../packages/server/test/packages/local-registry.ts";
import { npmProgram, userEnvironment } from "../../../packages/server/test/packages/npm.ts";

const run = promisify(execFile);
const templates = fileURLToPath(new URL("..", import.meta.url));
const portNames = ["PORT", "HOOK_PORT", "GROUP_PORT", "POSTGRES_PORT"] as const;

const notCopied = /\/(?:node_modules|data|\.next)(?:\/|$)/;

/** A template that runs, as its README starts it. */
export interface RunningTemplate extends AsyncDisposable {
  readonly program: Program;
  /** Of the template's own program. */
  readonly url: string;
  /** Of the template's Ringback. */
  readonly ringback: string;
  readonly ports: Readonly<Record<(typeof portNames)[number], number>>;
}

/** Installs templates in folders outside of the repository, with our packages as npm would publish them. */
export class Templates implements AsyncDisposable {
  readonly #folder: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #started: AsyncDisposableStack;

  private constructor(folder: string, environment: NodeJS.ProcessEnv, started: AsyncDisposableStack) {
    this.#folder = folder;
    this.#environment = environment;
    this.#started = started;
  }

  static async pack(): Promise<Templates> {
    await using started = new AsyncDisposableStack();
    const { path: folder } = started.use(await temporaryFolder());
    const archives = await packFreshClone(folder);
    const { stdout: elsewhere } = await run("npm", ["config", "get", "registry"], { env: userEnvironment() });
    const registry = started.use(await localRegistry(archives, [server, sdk], elsewhere.trim()));
    const environment = {
      ...userEnvironment(),
      PATH: [dirname(process.execPath), process.env["PATH"]].join(delimiter),
      npm_config_registry: registry.url,
    };
    return new Templates(folder, environment, started.move());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#started.disposeAsync();
  }

  /** Returns the folder, in which the commands of the README are typed. */
  async install(name: string): Promise<string> {
    const folder = join(this.#folder, name);
    await mkdir(folder);
    await cp(join(templates, name), folder, { recursive: true, filter: (path) => !notCopied.test(path) });
    await this.#npm(folder, "install", "--no-audit", "--no-fund");
    await this.#npm(folder, "run", "types");
    return folder;
  }

  /** `npm start`, with free ports in place of the usual ones. Returns when the program has said where it is. */
  async start(folder: string, more: NodeJS.ProcessEnv = {}): Promise<RunningTemplate> {
    const numbers = await Promise.all(portNames.map(async (name) => [name, await freePort()] as const));
    const ports = Object.fromEntries(numbers) as RunningTemplate["ports"];
    const listen = `127.0.0.1:${await freePort()}`;
    const numbered = Object.fromEntries(numbers.map(([name, port]) => [name, String(port)]));
    const env: NodeJS.ProcessEnv = { ...this.#environment, ...numbered, RINGBACK_LISTEN: listen, ...more };
    const program = startProgram(process.execPath, [await npmProgram(), "start"], folder, env);
    const ended = program.ended.then(() => {
      throw new Error(`the template has ended: ${program.output()}`);
    });
    ended.catch(() => undefined);
    const said = until(
      "the template has started",
      () => program.output(),
      (text) => text.includes("Ctrl-C ends"),
    );
    await Promise.race([said, ended]);
    return {
      program,
      ports,
      url: `http://127.0.0.1:${env["PORT"]}`,
      ringback: `http://${listen}`,
      [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
    };
  }

  async #npm(cwd: string, ...args: readonly string[]): Promise<void> {
    try {
      await run(process.execPath, [await npmProgram(), ...args], { cwd, env: this.#environment });
    } catch (error) {
      const { stdout = "", stderr = "" } = error as { readonly stdout?: string; readonly stderr?: string };
      throw new Error(`npm ${args.join(" ")} failed: ${stdout}${stderr}`, { cause: error });
    }
  }
}

/** Ends a template as Ctrl-C does, and waits until nothing listens any more. */
export async function endTemplate({ program, url, ringback }: RunningTemplate): Promise<void> {
  program.signalGroup("SIGINT");
  await program.ended;
  for (const address of [url, ringback]) {
    await until(
      `nothing listens at ${address}`,
      () =>
        fetch(address).then(
          () => true,
          () => false,
        ),
      (listens) => !listens,
    );
  }
}
