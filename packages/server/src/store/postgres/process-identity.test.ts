import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";
import { hasEnded, processIdentity } from "./process-identity.ts";

// Real: a process of the system.
it.runIf(process.platform === "linux")(
  "tells when a process has ended, and whether another has its number",
  async () => {
    const child = spawn(process.execPath, ["--eval", "process.stdin.resume()"], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    await once(child, "spawn");
    const identity = processIdentity(child.pid) ?? "";
    expect(hasEnded(identity)).toBe(false);
    expect(hasEnded(identity.replace(/\d+$/, (started) => String(Number(started) - 1)))).toBe(true);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(hasEnded(identity)).toBe(true);
  },
);

it("cannot judge the processes of other machines and containers", () => {
  const elsewhere = "00000000-0000-4000-8000-000000000000 pid:[1] 999999 1";
  expect(hasEnded(elsewhere)).toBe(false);
});

it("has no identity for a process that has ended", () => {
  expect(processIdentity(2 ** 30)).toBeNull();
});
