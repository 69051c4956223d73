import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpuUsFromPsTime, cpuUsFromStat, memoryFromStatus } from "./proc-files.ts";
import type { Memory } from "./proc-files.ts";

/** CPU time of a process and all its threads so far, in microseconds. */
export function cpuUs(pid: number): number {
  if (process.platform === "linux") return cpuUsFromStat(readFileSync(`/proc/${pid}/stat`, "latin1"));
  return cpuUsFromPsTime(ps(pid, "time"));
}

/** Where only `ps` answers, the peak is what the reading is: the caller has to sample. */
export function memory(pid: number): Memory {
  if (process.platform === "linux") return memoryFromStatus(readFileSync(`/proc/${pid}/status`, "latin1"));
  const residentBytes = Number(ps(pid, "rss")) * 1024;
  return { residentBytes, peakBytes: residentBytes };
}

function ps(pid: number, column: string): string {
  return execFileSync("ps", ["-o", `${column}=`, "-p", String(pid)], { encoding: "latin1" }).trim();
}
