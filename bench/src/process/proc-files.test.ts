import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { cpuUsFromPsTime, cpuUsFromStat, memoryFromStatus, TICK_US } from "./proc-files.ts";

const stat =
  "4711 (node) S 1 4711 4711 0 -1 4194560 9000 120 3 0 1234 66 7 8 20 0 11 0 5000 1180000000 15000 18446744073709551615 1 1 0 0 0 0 0 4096 134300162 0 0 0 17 1 0 0 0 0 0";

describe("cpuUsFromStat", () => {
  it("adds user and system ticks and leaves the children's out", () => {
    expect(cpuUsFromStat(stat)).toBe(1300 * TICK_US);
  });

  it("is not misled by a command with spaces and brackets", () => {
    expect(cpuUsFromStat(stat.replace("(node)", "(a ) R (1 2))"))).toBe(1300 * TICK_US);
  });

  it("refuses what is no stat line", () => {
    expect(() => cpuUsFromStat("4711 (node) S 1")).toThrow("not a /proc/PID/stat line");
  });

  it.runIf(process.platform === "linux")("agrees with what this process knows of itself", () => {
    const fromStat = cpuUsFromStat(readFileSync("/proc/self/stat", "utf8"));
    const usage = process.cpuUsage();
    // A tick each for user and system time, and one for the time between the two readings.
    expect(Math.abs(usage.user + usage.system - fromStat)).toBeLessThanOrEqual(10 * TICK_US);
  });
});

describe("memoryFromStatus", () => {
  it("reads resident memory now and at its peak", () => {
    expect(memoryFromStatus("Name:\tnode\nVmHWM:\t  80000 kB\nVmRSS:\t   64000 kB\nRssAnon:\t 1 kB\n")).toEqual({
      residentBytes: 64_000 * 1024,
      peakBytes: 80_000 * 1024,
    });
  });

  it("refuses the status of a process that is gone", () => {
    expect(() => memoryFromStatus("Name:\tnode\nState:\tZ (zombie)\n")).toThrow("no VmRSS");
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

  it("refuses anything else", () => {
    expect(() => cpuUsFromPsTime("TIME")).toThrow("not a time from ps");
  });
});
