import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { cpuUsFromPsTime, TICK_US } from "./proc-files.ts";

/** How often a reading is begun again because a child ended while it was made. */
const READINGS_MAX = 20;

/** What one process has used. */
export interface ProcessTimes {
  readonly pid: number;
  readonly parent: number;
  readonly ownUs: number;
  /** Of children that have ended and been waited for, and of theirs. */
  readonly endedChildrenUs: number;
}

/**
 * CPU time of a process and its children so far, in microseconds: of those that live and of those that have ended. On
 * Linux the kernel adds what a child used to its parent when the parent waits for it, so nothing is lost; the error is the tick
 * of 10 ms that each living process is short of, twice. Elsewhere `ps` knows nothing of children that have ended.
 */
export function familyCpuUs(parent: number): number {
  if (process.platform !== "linux") return familyUs(parent, processesFromPs(psList()));
  for (let reading = 1; ; reading++) {
    const before = timesOf(parent);
    const processes = listProcesses();
    const after = timesOf(parent);
    // A child that ended in between would be counted twice, or not at all.
    if (before?.endedChildrenUs === after?.endedChildrenUs || reading === READINGS_MAX) {
      return familyUs(parent, processes);
    }
  }
}

export function familyUs(parent: number, processes: readonly ProcessTimes[]): number {
  return processes
    .filter((each) => each.pid === parent || each.parent === parent)
    .reduce((sum, { ownUs, endedChildrenUs }) => sum + ownUs + endedChildrenUs, 0);
}

/** From the text of `/proc/PID/stat`. */
export function processTimesFromStat(stat: string): ProcessTimes {
  // The second field is the command in brackets and may itself hold spaces and brackets: count from the last one.
  const afterCommand = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const field = (index: number): number => {
    const value = Number(afterCommand[index]);
    if (!Number.isInteger(value)) throw new Error("not a /proc/PID/stat line");
    return value;
  };
  return {
    pid: Number.parseInt(stat, 10),
    parent: field(1),
    ownUs: (field(11) + field(12)) * TICK_US,
    endedChildrenUs: (field(13) + field(14)) * TICK_US,
  };
}

/** From the text of `ps -axo pid=,ppid=,time=`. */
export function processesFromPs(text: string): ProcessTimes[] {
  return text
    .trim()
    .split("\n")
    .map((line) => {
      const [pid, parent, time = ""] = line.trim().split(/\s+/);
      return { pid: Number(pid), parent: Number(parent), ownUs: cpuUsFromPsTime(time), endedChildrenUs: 0 };
    });
}

function psList(): string {
  return execFileSync("ps", ["-axo", "pid=,ppid=,time="], { encoding: "latin1" });
}

function listProcesses(): ProcessTimes[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => timesOf(Number(name)) ?? []);
}

/** null: it is gone. */
function timesOf(pid: number): ProcessTimes | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return null;
  }
  return processTimesFromStat(stat);
}
