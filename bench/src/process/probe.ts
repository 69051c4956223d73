import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import {
  countsFromFiles,
  cpuUsFromPsTime,
  familyUs,
  memoryFromStatus,
  processTimesFromPs,
  processTimesFromStat,
} from "./proc-files.ts";
import type { Memory, ProcessTimes, SystemCounts } from "./proc-files.ts";

/** How often `familyCpuUs` repeats a reading during which a child ended. */
const READINGS_MAX = 20;

const isLinux = process.platform === "linux";

/** User and system time of this process and all its threads so far, in microseconds. */
export function ownCpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** User and system time of a process and all its threads so far, in microseconds. */
export function cpuUs(pid: number): number {
  if (isLinux) return processTimesFromStat(readFileSync(`/proc/${pid}/stat`, "latin1")).ownUs;
  return cpuUsFromPsTime(ps("-o", "time=", "-p", String(pid)));
}

/** Memory of a process. Without `/proc`, the peak is the current value, so the caller has to sample. */
export function memory(pid: number): Memory {
  if (isLinux) return memoryFromStatus(readFileSync(`/proc/${pid}/status`, "latin1"));
  const residentBytes = Number(ps("-o", "rss=", "-p", String(pid))) * 1024;
  return { residentBytes, peakBytes: residentBytes };
}

/** Sets the peak of a process's memory to the current value. Has an effect on Linux only. */
export function resetPeak(pid: number): void {
  if (isLinux) writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

/** Calls and sleeps of a process so far. Without `/proc`, nothing tells: NaN. */
export function systemCounts(pid: number): SystemCounts {
  if (!isLinux) return { calls: Number.NaN, sleeps: Number.NaN };
  const tasks = readdirSync(`/proc/${pid}/task`).map((task) => {
    return readFileSync(`/proc/${pid}/task/${task}/status`, "latin1");
  });
  return countsFromFiles(readFileSync(`/proc/${pid}/io`, "latin1"), tasks);
}

/**
 * CPU time so far of a process and its children, in microseconds. Ended children are included. When a process waits for
 * an ended child, Linux adds the child's time to the process, so no time is lost. The time of each living process is up
 * to two ticks of 10 ms too low. On other systems `ps` omits children that have ended.
 */
export function familyCpuUs(parent: number): number {
  if (!isLinux) return familyUs(parent, processTimesFromPs(ps("-axo", "pid=,ppid=,time=")));
  for (let reading = 1; ; reading++) {
    const before = timesOf(parent);
    const processes = readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? (timesOf(Number(name)) ?? []) : []));
    const after = timesOf(parent);
    // A child that ended during the reading could be counted twice or not at all.
    if (before?.endedChildrenUs === after?.endedChildrenUs || reading === READINGS_MAX) {
      return familyUs(parent, processes);
    }
  }
}

/** Null when the process has ended. */
function timesOf(pid: number): ProcessTimes | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return null;
  }
  return processTimesFromStat(stat);
}

function ps(...options: string[]): string {
  return execFileSync("ps", options, { encoding: "latin1" }).trim();
}
