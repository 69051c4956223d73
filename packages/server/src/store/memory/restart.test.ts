/** Real: the SQLite driver on a database in memory, and the clock of a process. Faked: the machine's clock. */
import { describe, expect, it } from "vitest";
import { ProcessClock } from "../../domain/process-clock.ts";
import { delivered, HOUR_MS, message, parkedUntil, Scene, textsOf } from "../contract/fixtures.ts";
import { retainAll, total } from "../contract/retain-fixtures.ts";
import { ManualClock } from "../contract/harness.ts";
import { emptyDatabase, MemoryStore } from "./memory-store.ts";

const DAY_MS = 24 * HOUR_MS;

/** A machine whose processes end and start again on one database. */
class Machine {
  readonly time = new ManualClock();
  readonly #database = emptyDatabase();
  store!: MemoryStore;
  clock!: ProcessClock;

  constructor() {
    this.start();
  }

  start(): void {
    this.clock = new ProcessClock({ wallMs: () => this.time.wall(), monotonicMs: () => this.time.now() });
    this.store = new MemoryStore({ clock: this.clock, database: this.#database });
  }

  /** Kills the process. The timers of the store have no delays, so all writes so far are in the database. */
  async restart(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.start();
  }

  scene(retentionMs = 7 * DAY_MS): Promise<Scene> {
    return Scene.make(
      { store: this.store, clock: this.time, crash: () => this.restart(), dispose: async () => {} },
      {
        retentionMs,
      },
    );
  }
}

async function claimed(machine: Machine, id: number): Promise<readonly string[]> {
  const want = { subscriptionId: id as never, deliveriesMax: 10, bytesMax: 1_000_000, fromLog: true };
  return (await machine.store.log.claim([want], 60_000)).flatMap(textsOf);
}

describe("a wait over a restart", () => {
  it.each([-2 * DAY_MS, -HOUR_MS, 0])(
    "is not longer than was asked for when the clock is set by %i ms meanwhile",
    async (byMs) => {
      const machine = new Machine();
      const scene = await machine.scene();
      const sub = await scene.subscribe("sub");
      await scene.publish("retried", message("delayed", { delayMs: 10_000 }));
      await scene.settle(await scene.claim(sub), parkedUntil(machine.clock.now() + 10_000));
      machine.time.jump(byMs);
      await machine.restart();
      expect(await claimed(machine, sub.id)).toEqual([]);
      machine.time.advance(10_000);
      expect((await claimed(machine, sub.id)).toSorted()).toEqual(["delayed", "retried"]);
    },
  );

  it.each([-2 * DAY_MS, -HOUR_MS, 2 * HOUR_MS, 2 * DAY_MS])(
    "is not longer or shorter when the clock was set by %i ms before, and was right when the server stopped",
    async (byMs) => {
      const machine = new Machine();
      const scene = await machine.scene();
      const sub = await scene.subscribe("sub");
      machine.time.jump(byMs);
      await scene.publish("when the clock was wrong");
      await scene.settle(await scene.claim(sub), parkedUntil(machine.clock.now() + 10_000));
      machine.time.advance(4_000);
      machine.time.correct();
      await scene.publish("a");
      await machine.restart();
      expect(await claimed(machine, sub.id)).toEqual(["a"]);
      machine.time.advance(5_999);
      expect(await claimed(machine, sub.id)).toEqual([]);
      machine.time.advance(1);
      expect(await claimed(machine, sub.id)).toEqual(["when the clock was wrong"]);
    },
  );

  it("counts from now for a message of a server that ran two days ahead before", async () => {
    const machine = new Machine();
    machine.time.jump(2 * DAY_MS);
    await machine.restart();
    const scene = await machine.scene();
    const sub = await scene.subscribe("sub");
    await scene.publish("ahead");
    machine.time.correct();
    await machine.restart();
    const { publishedAtMs } = await machine.store.log.append({
      topicId: scene.topic.id,
      messages: [message("delayed", { delayMs: 1_000 })],
      idempotency: null,
    });
    expect(publishedAtMs).toBe(machine.time.wall());
    expect(await claimed(machine, sub.id)).toEqual(["ahead"]);
    machine.time.advance(1_000);
    expect(await claimed(machine, sub.id)).toEqual(["delayed"]);
  });
});

describe("retention over a restart", () => {
  it("removes nothing at once because the clock is two days ahead at the start", async () => {
    const machine = new Machine();
    const scene = await machine.scene(DAY_MS);
    await scene.publish("a");
    machine.time.jump(2 * DAY_MS);
    await machine.restart();
    expect(total(await retainAll(machine), "messages")).toBe(0);
    machine.time.correct();
    machine.time.advance(2 * HOUR_MS);
    expect(total(await retainAll(machine), "messages")).toBe(0);
    machine.time.advance(DAY_MS);
    expect(total(await retainAll(machine), "messages")).toBe(1);
  });
});

it("claims and settles after a million starts", async () => {
  const database = emptyDatabase();
  database.exec("UPDATE start SET count = 1000000");
  const store = new MemoryStore({ database });
  const scene = await Scene.make({ store, clock: new ManualClock(), crash: async () => {}, dispose: async () => {} });
  const reader = await scene.subscribe("reader");
  await scene.publish("a", "b", "c");
  const claims = [
    await scene.claim(reader, { deliveriesMax: 1 }),
    await scene.claim(reader, { deliveriesMax: 1 }),
    await scene.claim(reader, { deliveriesMax: 1 }),
  ];
  expect(new Set(claims.map(({ id }) => id)).size).toBe(3);
  for (const claim of claims) expect(await scene.settle(claim, delivered)).toBe(1);
  await store.close();
});
