/** A root folder that has nothing but what a test puts there: no shell, no Node, no /proc. Linux only. */

import { execFile } from "node:child_process";
import { chmod, chown, cp, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { temporaryFolder } from "../harness/folder.ts";
import { startProgram, type Program } from "../harness/program.ts";

const run = promisify(execFile);

/** The user that programs run as, where the test runs as root. */
const userId = 1000;
export const isRoot = process.getuid?.() === 0;

/** A user other than root gets the rights for mounts in a user namespace. */
const namespaces = ["--mount", ...(isRoot ? [] : ["--map-root-user"])];

/** Makes the root read-only, all but its data folder, and starts the program in it. */
const enter = `set -e
root=$1; data=$2; shift 2
mount --bind "$root" "$root"
mount --bind "$root$data" "$root$data"
mount -o remount,bind,ro "$root"
exec "$@"`;

/** Returns why this machine cannot start programs in an empty root; null if it can. */
export async function emptyRootFault(): Promise<string | null> {
  return run("unshare", [...namespaces, "chroot", "/", "true"]).then(
    () => null,
    () => "this machine does not let programs run in a root folder of their own",
  );
}

export class EmptyRoot implements AsyncDisposable {
  readonly folder: string;
  readonly #files: AsyncDisposable;

  private constructor(files: AsyncDisposable & { readonly path: string }) {
    this.folder = files.path;
    this.#files = files;
  }

  static async create(): Promise<EmptyRoot> {
    const root = new EmptyRoot(await temporaryFolder());
    await chmod(root.folder, 0o755);
    return root;
  }

  /** Makes a folder in which the program may write. */
  async addDataFolder(path: string): Promise<void> {
    const folder = join(this.folder, path);
    await mkdir(folder, { recursive: true });
    if (isRoot) await chown(folder, userId, userId);
  }

  /** Copies a file or a folder of the machine. */
  async add(source: string, path: string): Promise<void> {
    await mkdir(dirname(join(this.folder, path)), { recursive: true });
    await cp(source, join(this.folder, path), { recursive: true, dereference: true });
  }

  /** Copies a program with the libraries of the system that it is linked to. */
  async addProgram(source: string, path: string): Promise<void> {
    await this.add(source, path);
    const { stdout } = await run("ldd", [source]);
    for (const [, library = ""] of stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)) await this.add(library, library);
  }

  /** Starts a program with these variables only. */
  start(data: string, command: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
    const variables = Object.entries({ PATH: "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", ...env });
    const pairs = variables.map(([name, value]) => `${name}=${value}`);
    const user = isRoot ? [`--userspec=${userId}:${userId}`] : [];
    const inside = ["env", "-i", ...pairs, "chroot", ...user, this.folder, ...command];
    return startProgram("unshare", [...namespaces, "sh", "-c", enter, "sh", this.folder, data, ...inside]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#files[Symbol.asyncDispose]();
  }
}
