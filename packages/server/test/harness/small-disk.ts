import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The user and group that use a disk. Empty: those of this process. */
export interface DiskUser {
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * A disk of a limited size. Needs no special rights where Linux allows unprivileged user namespaces, which is the
 * default. A small program keeps the disk until `Symbol.asyncDispose`, whatever happens to the programs that use it.
 */
export class SmallDisk implements AsyncDisposable {
  /** The disk's folder, for programs that are started with `prefix`. */
  readonly inside: string;
  readonly #keeper: ChildProcess;
  readonly #user: DiskUser;
  readonly #bytes: number;

  static async mount(bytes: number, user: DiskUser = {}): Promise<SmallDisk> {
    const folder = mkdtempSync(join(tmpdir(), "ringback-disk-"));
    const { uid, gid } = user;
    if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
    // `cat` ends when this process ends.
    const script = `mount -t tmpfs -o mode=0700,size=${bytes} tmpfs "$1" && echo mounted && exec cat`;
    const args = ["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", folder];
    const keeper = spawn("unshare", args, { stdio: ["pipe", "pipe", "ignore"], ...user });
    const isMounted = await Promise.race([
      once(keeper.stdout, "data").then(() => true),
      once(keeper, "error").then(() => false),
      once(keeper, "exit").then(() => false),
    ]);
    if (isMounted) return new SmallDisk(keeper, folder, bytes, user);
    rmSync(folder, { recursive: true });
    throw new Error("This system lets nobody but root have a disk of their own.");
  }

  static async isPossible(): Promise<boolean> {
    if (process.platform !== "linux") return false;
    return SmallDisk.mount(1024 * 1024).then(
      (disk) => disk[Symbol.asyncDispose]().then(() => true),
      () => false,
    );
  }

  private constructor(keeper: ChildProcess, inside: string, bytes: number, user: DiskUser) {
    this.#keeper = keeper;
    this.inside = inside;
    this.#bytes = bytes;
    this.#user = user;
  }

  /** The disk's folder, for every other program of its user. */
  get outside(): string {
    return `/proc/${this.#keeper.pid}/root${this.inside}`;
  }

  /** The start of a command line: the rest of it runs where the disk is mounted at `inside`. */
  get prefix(): readonly string[] {
    return ["nsenter", "--preserve-credentials", "--user", "--mount", `--target=${this.#keeper.pid}`];
  }

  /** Shrinks the disk until only this number of bytes is free. */
  fill(roomBytes: number): void {
    for (;;) {
      const { blocks, bfree, bsize } = statfsSync(this.outside);
      try {
        return this.#resize((blocks - bfree) * bsize + roomBytes);
      } catch {
        // A program has written to the disk in between, so that the new size is too small for its files.
      }
    }
  }

  /** Gives the disk its full size again. */
  free(): void {
    this.#resize(this.#bytes);
  }

  #resize(bytes: number): void {
    const [file, ...args] = [...this.prefix, "mount", "--options-mode", "ignore"];
    const options = { stdio: "ignore", ...this.#user } as const;
    execFileSync(file, [...args, "-o", `remount,size=${Math.max(bytes, 1)}`, this.inside], options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#keeper, "exit");
    this.#keeper.kill("SIGKILL");
    await ended;
    rmSync(this.inside, { recursive: true, force: true });
  }
}
