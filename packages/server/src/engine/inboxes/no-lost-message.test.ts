import { array, assert, asyncProperty, constantFrom, integer, oneof, record } from "fast-check";
import { jumps } from "../testing/clock-jumps.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import { expect, it } from "vitest";
import type { TimeMs } from "../../domain/model.ts";
import { engineLimits } from "../engine-limits.ts";
import type { LeasedMessage } from "../pull/leased-delivery.ts";
import { InboxScene, stays, textOf } from "./testing/inbox-scene.ts";

/** `none`: the answer never ends, as when the process that sends it hangs. */
type Outcome = "delivered" | "put back" | "none";

interface Get {
  readonly waitMs: number;
  readonly leavesAfterMs: number | null;
  readonly outcome: Outcome;
  readonly afterMs: number;
}

/** Longest time between the claim, at which the lease begins, and the arrival of the message at its client. */
const deliveryMsMax = 5_000;

/**
 * Runs senders, clients and crashes in any order, on a store that answers slowly and loses wake-ups. Checks that no
 * other client gets a message while the message is leased to one client, and that no client gets a message that was
 * delivered.
 */
class Clients {
  readonly scene: InboxScene;
  readonly kept: string[] = [];
  readonly delivered = new Set<string>();
  readonly faults: string[] = [];
  /** The holder of each message, and until when no other client may get it. */
  readonly #leases = new Map<string, { readonly holder: LeasedMessage; untilMs: TimeMs }>();
  #stalledAtMs: TimeMs = 0;

  constructor(seed: number) {
    this.scene = new InboxScene(seed);
    if (seed % 2 !== 0) this.scene.time.onStep = jumps(this.scene.time, new SeededRandom(seed));
  }

  async keep(count: number): Promise<void> {
    for (let at = 0; at < count; at++) {
      const text = `${this.kept.length}`;
      this.kept.push(text);
      await this.scene.keep("in", text);
    }
  }

  get({ waitMs, leavesAfterMs, outcome, afterMs }: Get): void {
    const leaving = new AbortController();
    const { timers } = this.scene;
    if (leavesAfterMs !== null) timers.after(leavesAfterMs, () => leaving.abort());
    const taken = this.scene.take("in", waitMs, leavesAfterMs === null ? stays : leaving.signal);
    const received = (message: LeasedMessage | null): void => {
      if (message === null) return;
      this.#note(message);
      if (outcome !== "none") timers.after(afterMs, () => this.#end(message, outcome));
    };
    void taken.then(received);
  }

  /** Ends the process. Its leases end, and outcomes that it has not written are lost. */
  die(): void {
    this.scene.restart();
    this.#leases.clear();
  }

  /** Lets the process hang for longer than every lease. */
  stall(): void {
    this.scene.store.expireLeases();
    this.#leases.clear();
    this.#stalledAtMs = this.scene.time.now();
  }

  async drain(): Promise<void> {
    this.scene.store.latencyMsMax = 0;
    this.scene.store.wakeUpLoss = 0;
    for (let round = 0; round < 3; round++) {
      await this.scene.time.advance(2 * engineLimits.inboxLeaseMs);
      for (const text of await this.scene.all("in")) this.delivered.add(text);
    }
  }

  #note(message: LeasedMessage): void {
    const text = textOf(message) ?? "";
    const nowMs = this.scene.time.now();
    const lease = this.#leases.get(text);
    if (lease !== undefined && nowMs < lease.untilMs)
      this.faults.push(`${text} came at ${nowMs}, before ${lease.untilMs}`);
    const isLeased = nowMs > this.#stalledAtMs + deliveryMsMax;
    const leasedMs = isLeased ? engineLimits.inboxLeaseMs - deliveryMsMax : 0;
    this.#leases.set(text, { holder: message, untilMs: nowMs + leasedMs });
  }

  #end(message: LeasedMessage, outcome: Outcome): void {
    const text = textOf(message) ?? "";
    const lease = this.#leases.get(text);
    message.done(outcome === "delivered");
    if (outcome === "delivered") this.delivered.add(text);
    if (lease?.holder !== message || this.scene.time.now() >= lease.untilMs) return;
    if (outcome === "put back") this.#leases.delete(text);
    else lease.untilMs = Infinity;
  }
}

const step = oneof(
  record({ do: constantFrom("keep"), count: integer({ min: 1, max: 4 }) }),
  record({
    do: constantFrom("get"),
    waitMs: constantFrom(0, 1_000, 40_000),
    leavesAfterMs: constantFrom(null, null, 5, 1_500),
    outcome: constantFrom<Outcome>("delivered", "delivered", "put back", "none"),
    afterMs: constantFrom(1, 30, 3_000, 2 * engineLimits.inboxLeaseMs),
  }),
  record({ do: constantFrom("pass"), byMs: constantFrom(1, 300, 1_000, 30_000, engineLimits.inboxLeaseMs) }),
  record({ do: constantFrom("die", "stall") }),
);

it("whatever is kept, taken, put back or interrupted, and however the clock jumps: no message is lost, and none goes to two clients at once", async () => {
  await assert(
    asyncProperty(
      array(step, { maxLength: 60, size: "max" }),
      integer(),
      constantFrom(0, 15, 2_000),
      async (steps, seed, latencyMsMax) => {
        const run = new Clients(seed);
        await run.scene.put("in");
        run.scene.store.latencyMsMax = latencyMsMax;
        run.scene.store.wakeUpLoss = latencyMsMax === 0 ? 0 : 0.3;
        for (const each of steps) {
          if ("byMs" in each) await run.scene.time.advance(each.byMs);
          else if ("waitMs" in each) run.get(each);
          else if ("count" in each) await run.keep(each.count);
          else if (each.do === "die") run.die();
          else run.stall();
          await run.scene.time.quiet();
        }
        await run.drain();
        expect(run.faults).toEqual([]);
        expect([...run.delivered].toSorted()).toEqual(run.kept.toSorted());
        expect(run.scene.failures).toEqual([]);
      },
    ),
    { numRuns: 80 },
  );
});
