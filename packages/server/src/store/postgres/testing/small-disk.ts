import { spawnSync } from "node:child_process";

/** Whoever is nobody in particular outside is so inside, too: PostgreSQL refuses to run as root. */
const ORDINARY_USER = "1000";

interface Program {
  readonly file: string;
  readonly args: readonly string[];
}

/**
 * A disk of so many bytes at `folder`, seen by this program and its children only. Needs no rights, where Linux lets everybody have
 * namespaces of their own, as it does unless told otherwise.
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
