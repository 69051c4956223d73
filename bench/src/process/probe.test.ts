import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { cpuUs, familyCpuUs, ownCpuUs } from "./probe.ts";
import { TICK_US } from "./proc-files.ts";

// Real: the operating system's figures about this process. Nothing is faked.

describe.runIf(process.platform === "linux")("the CPU time of a process", () => {
  it("lies between two readings that the process makes of itself", () => {
    const before = ownCpuUs();
    const fromSystem = cpuUs(process.pid);
    const after = ownCpuUs();
    // User time and system time are each rounded to a tick.
    expect(fromSystem).toBeGreaterThanOrEqual(before - 2 * TICK_US);
    expect(fromSystem).toBeLessThanOrEqual(after + 2 * TICK_US);
  });

  it("includes a child that has ended, when the family is read", async () => {
    const before = familyCpuUs(process.pid);
    const child = spawn(process.execPath, ["-e", "while (process.cpuUsage().user < 200_000);"]);
    await once(child, "exit");
    expect(familyCpuUs(process.pid) - before).toBeGreaterThan(100_000);
  });
});
