/** What Linux and `ps` say about a process, as text to numbers. */

/** Linux reports CPU time in ticks of 10 ms on every architecture that Node runs on (`getconf CLK_TCK`: 100). */
export const TICK_US = 10_000;

/** User and system time of all threads, living and gone, from the text of `/proc/PID/stat`. */
export function cpuUsFromStat(stat: string): number {
  // The second field is the command in brackets and may itself hold spaces and brackets: count from the last one.
  const afterCommand = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const userTicks = Number(afterCommand[11]);
  const systemTicks = Number(afterCommand[12]);
  if (!Number.isInteger(userTicks) || !Number.isInteger(systemTicks)) throw new Error("not a /proc/PID/stat line");
  return (userTicks + systemTicks) * TICK_US;
}

export interface Memory {
  readonly residentBytes: number;
  /** The most it ever was. */
  readonly peakBytes: number;
}

/** From the text of `/proc/PID/status`. */
export function memoryFromStatus(status: string): Memory {
  return { residentBytes: kibField(status, "VmRSS"), peakBytes: kibField(status, "VmHWM") };
}

function kibField(status: string, name: string): number {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status);
  if (found === null) throw new Error(`no ${name} in /proc/PID/status`);
  return Number(found[1]) * 1024;
}

/** `ps -o time=` prints `[[dd-]hh:]mm:ss[.cc]`. */
export function cpuUsFromPsTime(text: string): number {
  const found = /^(?:(?:(\d+)-)?(\d+):)?(\d+):(\d+(?:\.\d+)?)$/.exec(text.trim());
  if (found === null) throw new Error(`not a time from ps: ${text}`);
  const [, days = "0", hours = "0", minutes = "0", seconds = "0"] = found;
  return Math.round((((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1e6);
}
