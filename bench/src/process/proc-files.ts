/** Parsers of the reports of Linux and `ps` about a process. */

/** Linux reports CPU time in ticks of 10 ms on every architecture that Node runs on (`getconf CLK_TCK`: 100). */
export const TICK_US = 10_000;

/** The CPU times of one process. */
export interface ProcessTimes {
  readonly pid: number;
  readonly parent: number;
  /** User and system time of all threads, ended threads included. */
  readonly ownUs: number;
  /** CPU time of ended children for which the process has waited, and of the children of those children. */
  readonly endedChildrenUs: number;
}

/** Parses `/proc/PID/stat`. */
export function processTimesFromStat(stat: string): ProcessTimes {
  // The second field is the command in brackets. The command itself may contain spaces and brackets.
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

/** Parses the output of `ps -axo pid=,ppid=,time=`, which omits children that have ended. */
export function processTimesFromPs(text: string): ProcessTimes[] {
  return text
    .trim()
    .split("\n")
    .map((line) => {
      const [pid, parent, time = ""] = line.trim().split(/\s+/);
      return { pid: Number(pid), parent: Number(parent), ownUs: cpuUsFromPsTime(time), endedChildrenUs: 0 };
    });
}

/** CPU time of a process and of its direct children. */
export function familyUs(parent: number, processes: readonly ProcessTimes[]): number {
  return processes
    .filter((each) => each.pid === parent || each.parent === parent)
    .reduce((sum, { ownUs, endedChildrenUs }) => sum + ownUs + endedChildrenUs, 0);
}

export interface Memory {
  readonly residentBytes: number;
  /** The highest resident memory so far. */
  readonly peakBytes: number;
}

/** Parses `/proc/PID/status`. */
export function memoryFromStatus(status: string): Memory {
  return { residentBytes: bytesOf(status, "VmRSS"), peakBytes: bytesOf(status, "VmHWM") };
}

function bytesOf(status: string, field: string): number {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status);
  if (found === null) throw new Error(`no ${field} in /proc/PID/status`);
  return Number(found[1]) * 1024;
}

/** Calls to the system, and sleeps, of the threads of a process. */
export interface SystemCounts {
  /** Calls that read or write. Others, such as those that wait for events, are not counted by the system. */
  readonly calls: number;
  /** How often a thread went to sleep until something happened. */
  readonly sleeps: number;
}

/** Parses `/proc/PID/io` and the `status` of each thread. */
export function countsFromFiles(io: string, tasks: readonly string[]): SystemCounts {
  return {
    calls: countIn(io, "syscr") + countIn(io, "syscw"),
    sleeps: tasks.reduce((sum, status) => sum + countIn(status, "voluntary_ctxt_switches"), 0),
  };
}

function countIn(text: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+)$`, "m").exec(text)?.[1] ?? Number.NaN);
}

/** Parses a time of `ps -o time=`: `[[dd-]hh:]mm:ss[.cc]`. */
export function cpuUsFromPsTime(text: string): number {
  const found = /^(?:(?:(\d+)-)?(\d+):)?(\d+):(\d+(?:\.\d+)?)$/.exec(text.trim());
  if (found === null) throw new Error(`not a time from ps: ${text}`);
  const [, days = "0", hours = "0", minutes = "0", seconds = "0"] = found;
  return Math.round((((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1e6);
}
