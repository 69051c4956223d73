import { describe, expect, it } from "vitest";
import {
  countsFromFiles,
  cpuUsFromPsTime,
  familyUs,
  memoryFromStatus,
  processTimesFromPs,
  processTimesFromStat,
  TICK_US,
} from "./proc-files.ts";
import type { ProcessTimes } from "./proc-files.ts";

const stat = "4711 (node) S 17 4711 4711 0 -1 4194560 9000 120 3 0 1234 66 7 8 20 0 11 0 5000 1180000000 15000";

function times(pid: number, parent: number, ownUs: number, endedChildrenUs = 0): ProcessTimes {
  return { pid, parent, ownUs, endedChildrenUs };
}

describe("processTimesFromStat", () => {
  const expected = times(4711, 17, 1300 * TICK_US, 15 * TICK_US);

  it("adds user and system ticks, and returns those of ended children separately", () => {
    expect(processTimesFromStat(stat)).toEqual(expected);
  });

  it("accepts a command with spaces and brackets", () => {
    expect(processTimesFromStat(stat.replace("(node)", "(a ) R (1 2))"))).toEqual(expected);
  });

  it("refuses any other line", () => {
    expect(() => processTimesFromStat("4711 (node) S 1")).toThrow("not a /proc/PID/stat line");
  });
});

describe("familyUs", () => {
  it("adds living and ended children, and omits the children of other processes", () => {
    const processes = [times(10, 1, 1, 20), times(11, 10, 300, 4000), times(12, 1, 50_000), times(1, 0, 9)];
    expect(familyUs(10, processes)).toBe(4321);
  });
});

describe("processTimesFromPs", () => {
  it("reads a process from each line", () => {
    const processes = processTimesFromPs("    1     0   0:01.50\n  300     1  00:02:03\n");
    expect(processes).toEqual([times(1, 0, 1_500_000), times(300, 1, 123_000_000)]);
  });
});

describe("memoryFromStatus", () => {
  it("reads resident memory and its peak", () => {
    expect(memoryFromStatus("Name:\tnode\nVmHWM:\t  80000 kB\nVmRSS:\t   64000 kB\nRssAnon:\t 1 kB\n")).toEqual({
      residentBytes: 64_000 * 1024,
      peakBytes: 80_000 * 1024,
    });
  });

  it("refuses the status of a process that has ended", () => {
    expect(() => memoryFromStatus("Name:\tnode\nState:\tZ (zombie)\n")).toThrow("no VmRSS");
  });
});

describe("countsFromFiles", () => {
  it("adds up the calls that read and write, and the sleeps of all threads", () => {
    const io = "rchar: 900\nwchar: 80\nsyscr: 7\nsyscw: 5\nread_bytes: 0\n";
    const tasks = [30, 4].map(
      (sleeps) => `Name:\tnode\nvoluntary_ctxt_switches:\t${sleeps}\nnonvoluntary_ctxt_switches:\t9\n`,
    );
    expect(countsFromFiles(io, tasks)).toEqual({ calls: 12, sleeps: 34 });
  });
});

describe("cpuUsFromPsTime", () => {
  it.each([
    ["0:01.25", 1_250_000],
    ["12:03", 723_000_000],
    ["  01:00:02\n", 3_602_000_000],
    ["2-01:00:00", 176_400_000_000],
  ])("reads %j", (text, us) => {
    expect(cpuUsFromPsTime(text)).toBe(us);
  });

  it("refuses any other text", () => {
    expect(() => cpuUsFromPsTime("TIME")).toThrow("not a time from ps");
  });
});
