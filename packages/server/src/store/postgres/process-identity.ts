import { readFileSync, readlinkSync } from "node:fs";

const STARTED_FIELD = 19;

/**
 * Identifies a process of this machine until the machine starts anew: the machine's start, the namespace of process ids
 * (containers have their own), the process id, and when the process started. So another process that gets the same
 * process id has another identity. null where the system does not tell, and for a process that has ended.
 */
export function processIdentity(pid: number = process.pid): string | null {
  const namespace = namespaceOfProcesses();
  const started = startOf(pid);
  return namespace === null || started === null ? null : `${namespace} ${pid} ${started}`;
}

/** Whether the process surely has ended. False if it runs, and if this process cannot tell. */
export function hasEnded(identity: string): boolean {
  const namespace = namespaceOfProcesses();
  if (namespace === null || !identity.startsWith(`${namespace} `)) return false;
  const [pid = "", started = ""] = identity.slice(namespace.length + 1).split(" ");
  return startOf(Number(pid)) !== started;
}

function namespaceOfProcesses(): string | null {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return null;
  }
}

/** When the process started, in ticks since the machine's start. null for a process that has ended. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name of the program, in parentheses, may contain spaces and parentheses.
    const [state = "", ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const isZombie = state === "Z" || state === "X";
    return isZombie ? null : (fields[STARTED_FIELD - 1] ?? null);
  } catch {
    return null;
  }
}
