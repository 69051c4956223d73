import { limits } from "../../domain/limits.ts";
import type { Replay, ReplayId, ReplayStep } from "../../store/replays.ts";
import { engineLimits } from "../engine-limits.ts";
import type { EngineServices } from "../services.ts";
import { ReplayPace } from "./replay-pace.ts";

export interface RunnerOptions extends Pick<EngineServices, "store" | "timers" | "clock" | "failed"> {
  /** The part of the time since its last call, from 0 to 1, in which the process was busy. */
  readonly busyShare: () => number;
  /** Called when a replay of this process is done or has failed. */
  readonly ended: (replay: Replay) => void;
}

/**
 * Advances the replays that this process has leased. They take turns. A replay whose process ends is leased by another
 * one, or by this one after its next start.
 */
export class ReplayRunner {
  readonly #options: RunnerOptions;
  readonly #pace: ReplayPace;
  /** In the order of their turns. */
  readonly #running = new Set<ReplayId>();
  #cancelTimer: (() => void) | null = null;
  #working: Promise<void> | null = null;
  #findAtMs = 0;
  #trimAtMs = 0;
  #stopped = true;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#pace = new ReplayPace(options.busyShare);
  }

  start(): void {
    this.#stopped = false;
    this.#run();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  async idle(): Promise<void> {
    await this.#working;
  }

  /** Called when this process has created a replay. */
  created(): void {
    this.#findAtMs = 0;
    if (!this.#stopped) this.#run();
  }

  #run(): void {
    if (this.#working !== null) return;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#working = this.#workOnce();
  }

  async #workOnce(): Promise<void> {
    let delayMs: number = engineLimits.replayFindMs;
    try {
      await this.#work();
      // A replay may have been created during the work.
      if (this.#running.size > 0 || this.#findAtMs === 0) delayMs = engineLimits.replayTickMs;
    } catch (error) {
      this.#options.failed(error);
    }
    this.#working = null;
    if (!this.#stopped) this.#cancelTimer = this.#options.timers.after(delayMs, () => this.#run());
  }

  async #work(): Promise<void> {
    const { store, clock } = this.#options;
    const nowMs = clock.now();
    if (nowMs >= this.#findAtMs) {
      this.#findAtMs = nowMs + engineLimits.replayFindMs;
      const { replaysRunMax, replayLeaseMs } = engineLimits;
      for (const id of await store.replays.acquire(replaysRunMax, replayLeaseMs)) this.#running.add(id);
    }
    const turns = [...this.#running].slice(0, engineLimits.replayStepsMax);
    const copiesMax = Math.min(limits.replayParkedMax, Math.ceil(this.#pace.next() / turns.length));
    for (const id of turns) {
      if (this.#stopped) return;
      // The last one in the set has the last turn.
      this.#running.delete(id);
      this.#running.add(id);
      await this.#advance(id, copiesMax);
    }
    if (nowMs < this.#trimAtMs || this.#stopped) return;
    this.#trimAtMs = nowMs + engineLimits.replayTrimMs;
    await store.replays.trim();
  }

  async #advance(id: ReplayId, copiesMax: number): Promise<void> {
    const { store, ended } = this.#options;
    let step: ReplayStep | null = null;
    for (let scans = 0; scans < engineLimits.replayScansMax && !this.#stopped; scans++) {
      const examinedBefore = step?.replay.examined ?? 0;
      step = await store.replays.step(id, engineLimits.replayLeaseMs, copiesMax);
      if (step === null || !step.isOpen || step.replay.waiting > 0) break;
      if (step.replay.examined - examinedBefore < limits.replayExaminedMax) break;
    }
    if (this.#stopped && step === null) return;
    if (step?.isOpen === true) return;
    this.#running.delete(id);
    if (step !== null && step.replay.state !== "cancelled") ended(step.replay);
  }
}
