import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { familyCpuUs, familyUs, processesFromPs, processTimesFromStat } from "./family-cpu.ts";
import type { ProcessTimes } from "./family-cpu.ts";
import { TICK_US } from "./proc-files.ts";

function times(pid: number, parent: number, ownUs: number, endedChildrenUs = 0): ProcessTimes {
  return { pid, parent, ownUs, endedChildrenUs };
}

describe("the CPU time of a process and its children", () => {
  it("is read from the kernel's line, whatever the command is called", () => {
    const line =
      "4711 (postgres: a) b) S 17 4711 4711 0 -1 4194560 9000 120 3 0 1234 66 7 8 20 0 11 0 5000 1180000000 15000";
    expect(processTimesFromStat(line)).toEqual({
      pid: 4711,
      parent: 17,
      ownUs: 1300 * TICK_US,
      endedChildrenUs: 15 * TICK_US,
    });
    expect(() => processTimesFromStat("4711 (postgres) S 17")).toThrow("not a /proc/PID/stat line");
  });

  it("adds living and ended children, and leaves out who belongs to somebody else", () => {
    expect(familyUs(10, [times(10, 1, 1, 20), times(11, 10, 300, 4000), times(12, 1, 50_000), times(1, 0, 9)])).toBe(
      4321,
    );
  });

  it("is read from ps where that is all there is", () => {
    const processes = processesFromPs("    1     0   0:01.50\n  300     1  00:02:03\n");
    expect(processes).toEqual([
      { pid: 1, parent: 0, ownUs: 1_500_000, endedChildrenUs: 0 },
      { pid: 300, parent: 1, ownUs: 123_000_000, endedChildrenUs: 0 },
    ]);
  });

  it.runIf(process.platform === "linux")("still has what a child used when that has ended", async () => {
    const before = familyCpuUs(process.pid);
    const child = spawn(process.execPath, ["-e", "for (let turn = 0; turn < 5e8; turn++);"]);
    await once(child, "exit");
    expect(familyCpuUs(process.pid) - before).toBeGreaterThan(100_000);
  });
});
