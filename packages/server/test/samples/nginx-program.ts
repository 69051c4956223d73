import { execFile } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { accepts } from "../harness/accepts.ts";
import { temporaryFolder } from "../harness/folder.ts";
import { freePort } from "../harness/free-port.ts";
import { startProgram } from "../harness/program.ts";
import { until } from "../harness/until.ts";

const run = promisify(execFile);

/** The command that starts nginx, or the reason why there is none. */
export type FoundNginx =
  | { readonly command: string; readonly whyNot: null }
  | { readonly command: null; readonly whyNot: string };

/**
 * Finds the nginx of this machine. Without one, downloads the package of Debian or Ubuntu and unpacks it into `folder`,
 * which needs neither root nor an installation. `NGINX` names another nginx.
 */
export async function findNginx(folder: string): Promise<FoundNginx> {
  for (const command of [process.env["NGINX"], "nginx", "/usr/sbin/nginx"]) {
    if (command !== undefined && (await starts(command))) return { command, whyNot: null };
  }
  try {
    await run("apt-get", ["download", "nginx"], { cwd: folder });
    const file = (await readdir(folder)).find((name) => name.endsWith(".deb")) ?? "";
    await run("dpkg", ["-x", join(folder, file), folder]);
    const command = join(folder, "usr/sbin/nginx");
    await run(command, ["-v"]);
    return { command, whyNot: null };
  } catch (error) {
    return { command: null, whyNot: `there is no nginx, and its package cannot be unpacked: ${String(error)}` };
  }
}

async function starts(command: string): Promise<boolean> {
  return run(command, ["-v"]).then(
    () => true,
    () => false,
  );
}

/** A request that nginx has answered. */
export interface LoggedRequest {
  /** The number of the connection. */
  readonly connection: number;
  /** The number of the request on its connection; the first is 1. */
  readonly index: number;
  readonly status: number;
  /** The value of `Ringback-Message-Id`, or `-`. */
  readonly messageId: string;
}

export interface Nginx extends AsyncDisposable {
  readonly port: number;
  /** The requests so far, except those of locations with `access_log off`. */
  requests(): Promise<readonly LoggedRequest[]>;
}

/**
 * Starts nginx on a free port of 127.0.0.1. `servers` returns the configuration's part inside `http`. `files` are
 * written into the folder to which relative paths of the configuration refer.
 */
export async function startNginx(
  command: string,
  servers: (port: number) => string,
  files: Readonly<Record<string, string>>,
): Promise<Nginx> {
  await using started = new AsyncDisposableStack();
  const { path } = started.use(await temporaryFolder());
  const port = await freePort();
  const all = { ...files, "nginx.conf": configuration(servers(port)), "requests.log": "" };
  for (const [name, text] of Object.entries(all)) await writeFile(join(path, name), text);
  const nginx = started.use(startProgram(command, ["-p", path, "-c", "nginx.conf", "-e", "stderr"]));
  let hasEnded = false;
  void nginx.ended.then(() => (hasEnded = true));
  await until("nginx listens", async () => hasEnded || accepts(port), Boolean);
  if (hasEnded) throw new Error(`nginx does not start: ${nginx.output()}`);
  const running = started.move();
  return {
    port,
    async requests() {
      const lines = (await readFile(join(path, "requests.log"), "utf8")).split("\n").slice(0, -1);
      return lines.map((line) => {
        const [connection, index, status, messageId = ""] = line.split(" ");
        return { connection: Number(connection), index: Number(index), status: Number(status), messageId };
      });
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Started by root, the workers of nginx would otherwise run as a user who cannot use the folder. */
const user = process.getuid?.() === 0 ? "user root;" : "";

function configuration(servers: string): string {
  const kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `${user}
daemon off;
worker_processes 1;
pid nginx.pid;
events {}
http {
  ${kinds.map((kind) => `${kind}_temp_path ${kind};`).join("\n  ")}
  log_format requests '$connection $connection_requests $status $http_ringback_message_id';
  access_log requests.log requests;
${servers}
}
`;
}
