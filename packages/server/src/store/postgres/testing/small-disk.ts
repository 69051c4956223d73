import { spawnSync } from "node:child_process";

/** User id inside the namespace. PostgreSQL refuses to run as root, so an ordinary user keeps an ordinary id. */
const ORDINARY_USER = "1000";

interface Program {
  readonly file: string;
  readonly args: readonly string[];
}

/**
 * Mounts a disk of `bytes` bytes at `folder`, visible only to this program and its children. Needs no special rights
 * where Linux allows unprivileged user namespaces, which is the default.
 */
export function withSmallDisk({ file, args }: Program, folder: string, bytes: number): Program {
  const inside = `mount -t tmpfs -o size=${bytes} tmpfs "$1" && shift && exec unshare --user --map-user=${ORDINARY_USER} --map-group=${ORDINARY_USER} "$@"`;
  return {
    file: "unshare",
    args: ["--user", "--map-root-user", "--mount", "sh", "-c", inside, "sh", folder, file, ...args],
  };
}

export function canHaveSmallDisk(): boolean {
  if (process.platform !== "linux") return false;
  const { file, args } = withSmallDisk({ file: "true", args: [] }, "/mnt", 1024 * 1024);
  return spawnSync(file, [...args], { stdio: "ignore" }).status === 0;
}
