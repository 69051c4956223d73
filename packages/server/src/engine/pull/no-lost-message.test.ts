import { assert, asyncProperty, boolean, constantFrom, integer, oneof, record, array } from "fast-check";
import { expect, it } from "vitest";
import type { TimeMs } from "../../domain/model.ts";
import { jumps } from "../testing/clock-jumps.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import type { PulledMessage } from "./pulls.ts";
import { PullScene, type Node, stays, textOf, visibilityMs, wantOf } from "./testing/pull-scene.ts";

/** The last delivery of a message, and the end of its visibility timeout. */
interface Known {
  receiptHandle: string;
  invisibleUntilMs: TimeMs;
}

interface Pulling {
  readonly count: number;
  readonly waitMs: number;
  readonly leavesAfterMs: number | null;
  readonly isOther: boolean;
}

/**
 * Runs publishers, receivers and crashes in any order, on two nodes and a store that answers slowly and loses wake-ups.
 * Checks that no other receiver gets a message before the message's visibility timeout ends, and that no receiver gets
 * a message that was acknowledged.
 */
class Receivers {
  readonly scene: PullScene;
  readonly published: string[] = [];
  readonly known = new Map<string, Known>();
  readonly acknowledged = new Set<string>();
  readonly faults: string[] = [];
  #other: Node;

  constructor(seed: number, clockJumps: boolean) {
    this.scene = new PullScene(seed);
    if (clockJumps) this.scene.time.onStep = jumps(this.scene.time, new SeededRandom(seed));
    this.#other = this.scene.addNode();
  }

  die(): void {
    this.#other.timers.kill();
    this.scene.restart();
    this.#other = this.scene.addNode();
  }

  get subscription() {
    return this.scene.subscribe("workers");
  }

  async publish(count: number): Promise<void> {
    const texts = Array.from({ length: count }, (_, index) => `${this.published.length + index}`);
    this.published.push(...texts);
    await this.scene.publish(...texts);
  }

  async request({ count, waitMs, leavesAfterMs, isOther }: Pulling): Promise<void> {
    const leaving = new AbortController();
    const { pulls, timers } = isOther ? this.#other : this.scene.node;
    if (leavesAfterMs !== null) timers.after(leavesAfterMs, () => leaving.abort());
    const gone = leavesAfterMs === null ? stays : leaving.signal;
    const pulled = pulls.pull(await this.subscription, wantOf({ messagesMax: count, waitMs, gone }));
    void pulled.then((messages) => messages.forEach((message) => this.#note(message)));
  }

  async answer(pick: number, how: "acknowledge" | "put back" | "extend"): Promise<void> {
    const [text, known] = [...this.known][pick % Math.max(1, this.known.size)] ?? [];
    if (text === undefined || known === undefined) return;
    const { pulls } = this.scene;
    const nowMs = this.scene.time.now();
    const subscription = await this.subscription;
    const delayMs = how === "put back" ? 0 : 2 * visibilityMs;
    const [result] = await (how === "acknowledge"
      ? pulls.acknowledge(subscription, [known.receiptHandle])
      : pulls.putBack(subscription, [known.receiptHandle], delayMs));
    if (result === "malformed") this.faults.push(`${text} was malformed`);
    if (result !== "done") return;
    if (nowMs >= known.invisibleUntilMs) this.faults.push(`${text} was settled after its visibility timeout`);
    if (this.acknowledged.has(text)) this.faults.push(`${text} was settled after its acknowledgement`);
    if (how === "acknowledge") this.acknowledged.add(text);
    else known.invisibleUntilMs = nowMs + delayMs;
  }

  async drain(): Promise<void> {
    this.scene.store.latencyMsMax = 0;
    this.scene.store.wakeUpLoss = 0;
    for (let round = 0; round < 5; round++) {
      await this.scene.time.advance(3 * visibilityMs);
      for (const { receiptHandle, message } of await this.scene.pull(await this.subscription, { messagesMax: 100 })) {
        const [result] = await this.scene.pulls.acknowledge(await this.subscription, [receiptHandle]);
        if (result === "done") this.acknowledged.add(Buffer.from(message.body).toString());
      }
    }
  }

  #note(message: PulledMessage): void {
    const text = textOf(message);
    const before = this.known.get(text);
    // In steady time. The times of the message itself are Unix time, which jumps.
    const pulledAtMs = pulledAt(message.receiptHandle);
    if (before !== undefined && pulledAtMs < before.invisibleUntilMs) this.faults.push(`${text} went to two receivers`);
    if (this.acknowledged.has(text)) this.faults.push(`${text} was delivered after its acknowledgement`);
    this.known.set(text, { receiptHandle: message.receiptHandle, invisibleUntilMs: pulledAtMs + visibilityMs });
  }
}

/** The last number of a receipt handle. */
function pulledAt(receiptHandle: string): TimeMs {
  return Number.parseInt(receiptHandle.split("-").at(-1) ?? "", 36);
}

const step = oneof(
  record({ do: constantFrom("publish"), count: integer({ min: 1, max: 5 }) }),
  record({
    do: constantFrom("request"),
    count: integer({ min: 1, max: 4 }),
    waitMs: constantFrom(0, 1_000, 40_000),
    leavesAfterMs: constantFrom(null, null, 5, 1_500),
    isOther: boolean(),
  }),
  record({
    do: constantFrom("answer"),
    pick: integer({ min: 0, max: 50 }),
    how: constantFrom("acknowledge", "put back", "extend"),
  }),
  record({ do: constantFrom("pass"), byMs: constantFrom(1, 300, 1_000, visibilityMs / 2, visibilityMs) }),
  record({ do: constantFrom("die", "stall") }),
);

it("whatever is published, pulled, acknowledged or interrupted, and however the clock jumps: no message is lost, and none goes to two receivers at once", async () => {
  await assert(
    asyncProperty(
      array(step, { maxLength: 60, size: "max" }),
      integer(),
      constantFrom(0, 15, 2_000),
      boolean(),
      async (steps, seed, latencyMsMax, clockJumps) => {
        const run = new Receivers(seed, clockJumps);
        await run.subscription;
        run.scene.store.latencyMsMax = latencyMsMax;
        run.scene.store.wakeUpLoss = latencyMsMax === 0 ? 0 : 0.3;
        for (const each of steps) {
          if ("byMs" in each) await run.scene.time.advance(each.byMs);
          else if ("how" in each) await run.answer(each.pick, each.how);
          else if ("waitMs" in each) await run.request(each);
          else if ("count" in each) await run.publish(each.count);
          else if (each.do === "die") run.die();
          // The process hangs longer than every lease. Another node can now claim a message that this process is about
          // to make invisible.
          else run.scene.store.expireLeases();
          await run.scene.time.quiet();
        }
        await run.drain();
        expect(run.faults).toEqual([]);
        expect([...run.acknowledged].toSorted()).toEqual(run.published.toSorted());
        expect(run.scene.failures).toEqual([]);
      },
    ),
    { numRuns: 150 },
  );
});
