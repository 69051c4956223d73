import { describe, expect, it } from "vitest";
import { momentOf } from "./clock-rules.ts";
import { ProcessClock } from "./process-clock.ts";

const HOUR_MS = 3600_000;

/** A machine whose clock can be set. */
class Machine {
  wall = 1_700_000_000_000;
  #upMs = 5_000;

  wallMs(): number {
    return this.wall;
  }

  monotonicMs(): number {
    return this.#upMs;
  }

  pass(ms: number): void {
    this.wall += ms;
    this.#upMs += ms;
  }
}

describe("the clock of a process", () => {
  it("shows the machine's time on both scales until somebody sets the machine's clock", () => {
    const machine = new Machine();
    const clock = new ProcessClock(machine);
    machine.pass(1_234.7);
    expect(clock.now()).toBe(1_700_000_001_234);
    expect(clock.wall()).toBe(1_700_000_001_234);
  });

  it.each([-HOUR_MS, 2 * HOUR_MS, 48 * HOUR_MS])("keeps its steady time when that clock is set by %i ms", (byMs) => {
    const machine = new Machine();
    const clock = new ProcessClock(machine);
    const jumps: number[] = [];
    clock.onJump((jumpMs) => jumps.push(jumpMs));
    const startMs = clock.now();
    machine.wall += byMs;
    machine.pass(1_000);
    expect(clock.now()).toBe(startMs + 1_000);
    expect(clock.wall()).toBe(startMs + byMs + 1_000);
    expect(clock.wall(startMs)).toBe(startMs + byMs);
    expect(clock.wall()).toBe(machine.wall);
    expect(jumps).toEqual([byMs]);
  });

  it("takes a few milliseconds for inaccuracy, and not for a jump", () => {
    const machine = new Machine();
    const clock = new ProcessClock(machine);
    clock.onJump(() => expect.fail("no jump"));
    machine.wall += 20;
    expect(clock.wall()).toBe(machine.wall - 20);
  });

  it("continues the steady time of an earlier process, and counts the time between the two", () => {
    const machine = new Machine();
    const earlier = new ProcessClock(machine);
    machine.wall += HOUR_MS;
    const mark = { nowMs: earlier.now(), wallMs: earlier.wall() };
    machine.pass(10_000);
    const clock = new ProcessClock(machine);
    clock.continueFrom(mark);
    expect(clock.now()).toBe(mark.nowMs + 10_000);
    expect(clock.wall()).toBe(machine.wall);
  });

  it("shows a time of an earlier process as the same Unix time again", () => {
    const machine = new Machine();
    const earlier = new ProcessClock(machine);
    machine.pass(0.4);
    const mark = momentOf(earlier);
    for (let pass = 0; pass < 10; pass++) {
      machine.pass(0.3);
      const clock = new ProcessClock(machine);
      machine.pass(0.3);
      clock.continueFrom(mark);
      expect(clock.wall(mark.nowMs)).toBe(mark.wallMs);
    }
  });

  it("never goes back when the machine's clock was set back between two processes", () => {
    const machine = new Machine();
    const mark = { nowMs: machine.wall, wallMs: machine.wall };
    machine.wall -= 48 * HOUR_MS;
    const clock = new ProcessClock(machine);
    clock.continueFrom(mark);
    expect(clock.now()).toBe(mark.nowMs);
    expect(clock.wall()).toBe(machine.wall);
  });
});
