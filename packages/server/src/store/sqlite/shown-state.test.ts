import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AccountId, DeliveryState, Subscription } from "../../domain/model.ts";
import { systemTimers } from "../../domain/ports.ts";
import { dead, delivered, message, parkedUntil, Scene, turn } from "../contract/fixtures.ts";
import { ManualClock, type StoreUnderTest } from "../contract/harness.ts";
import { emptyDatabase } from "../memory/memory-store.ts";
import { directLink } from "./jobs.ts";
import { readJobs } from "./read-jobs.ts";
import { CatalogIndex } from "./catalog-index.ts";
import { SqliteStore } from "./sqlite-store.ts";
import { writeJobs } from "./write-jobs.ts";

// Real: SQLite, in memory. Faked: the clock, and the time of the disk. A write of settlements, or a step of a rewind,
// takes as long as a test says: for ever, if the test never lets it end.
class SlowStore implements StoreUnderTest {
  readonly clock = new ManualClock();
  readonly store: SqliteStore;
  /** Writes that wait until the test lets them through. */
  readonly waiting: (() => void)[] = [];
  isSlow = false;
  /** Called before each read of the database. */
  beforeRead: () => Promise<unknown> = async () => {};

  constructor() {
    const database = emptyDatabase();
    const writes = writeJobs(database, null);
    const reads = readJobs(() => database);
    const direct = directLink(writes);
    const writer: typeof direct = {
      ...direct,
      call: async (name, input) => {
        if (this.isSlow) await new Promise<void>((resolve) => this.waiting.push(resolve));
        const result = await direct.call(name, input);
        // The rows are written now, but the event loop does not know it yet.
        if (this.isSlow) await new Promise<void>((resolve) => this.waiting.push(resolve));
        return result;
      },
    };
    const rows = directLink(reads);
    const slowReader: typeof rows = {
      ...rows,
      call: (name, input) => this.beforeRead().then(() => rows.call(name, input)),
    };
    const { entries, catalog } = reads.load(null);
    const index = new CatalogIndex(catalog.topics);
    const month = 30 * 24 * 3600_000;
    this.store = new SqliteStore(
      {
        messageCacheBytes: 1_000_000,
        attemptRetentionMs: month,
        deadLetterRetentionMs: month,
        auditRetentionMs: month,
        clock: this.clock,
        timers: { ...systemTimers, after: (_delayMs, task) => systemTimers.after(0, task) },
      },
      { writer, reader: slowReader, bytes: () => 0, closed: () => {} },
      { mark: null, ...writes.begin({ name: "default", appId: 1, wallMs: this.clock.wall() }), entries, index },
    );
  }

  crash(): Promise<void> {
    throw new Error("not tested here");
  }

  async dispose(): Promise<void> {
    this.isSlow = false;
    for (const end of this.waiting.splice(0)) end();
    await this.store.close();
  }
}

let slow: SlowStore;
let scene: Scene;
let reader: Subscription;
beforeEach(async () => {
  slow = new SlowStore();
  scene = await Scene.make(slow);
  reader = await scene.subscribe("reader");
});
afterEach(() => slow.dispose());

async function stateOf(seq = 1): Promise<DeliveryState | undefined> {
  const { accountId } = scene.topic as { accountId: AccountId };
  return (await slow.store.records.getMessage(accountId, scene.idOf(seq)))?.deliveries[0]?.state;
}

/** The states that are shown while the writes that follow end one half step after the other. */
async function statesWhileWriting(work: () => Promise<unknown>): Promise<Set<DeliveryState | undefined>> {
  slow.isSlow = true;
  const working = { isOver: false };
  const worked = work().then(() => (working.isOver = true));
  // Not awaited one by one: a read waits for the end of a rewind.
  const reads: Promise<DeliveryState | undefined>[] = [];
  for (let quiet = 0; quiet < 20; quiet++) {
    reads.push(stateOf());
    await new Promise((resolve) => setTimeout(resolve, 0));
    const end = slow.waiting.shift();
    if (end === undefined) continue;
    quiet = 0;
    end();
    await turn();
  }
  slow.isSlow = false;
  await worked;
  return new Set(await Promise.all([...reads, stateOf()]));
}

describe("however slow the disk is, the state that is shown", () => {
  it("of a delayed delivery is pending or parked", async () => {
    await scene.publish(message("a", { delayMs: 60_000 }));
    expect(await stateOf()).toBe("pending");
    const seen = await statesWhileWriting(() => scene.claim(reader));
    expect([...seen]).toEqual(["parked"]);
  });

  it("of a failed delivery is parked, of a delivered one delivered, of one that was given up dead", async () => {
    for (const [settled, state] of [
      [parkedUntil(scene.now + 1_000), "parked"],
      [delivered, "delivered"],
      [dead, "dead"],
    ] as const) {
      await scene.store.log.rewind(reader.id, "oldest");
      if (state === "parked") await scene.publish("a");
      const seen = await statesWhileWriting(() => scene.settleNext(reader, settled));
      expect([...seen].filter((each) => each !== "in_flight" && each !== "pending")).toEqual([state]);
    }
  });

  it.each([delivered, dead])(
    "is in_flight until the outcome is on the disk, since a crash would undo it: %j",
    async (settled) => {
      await scene.publish("a");
      slow.isSlow = true;
      const settling = scene.settleNext(reader, settled);
      const written = new Promise<void>((resolve) => void settling.then(() => resolve()));
      while (slow.waiting.length === 0) await turn();
      expect(await stateOf()).toBe("in_flight");
      slow.isSlow = false;
      for (const end of slow.waiting.splice(0)) end();
      await written;
      expect(await stateOf()).toBe(settled.kind);
    },
  );

  it("contains no success while it is in_flight, even if the success is written during the read", async () => {
    await scene.publish("a");
    const claim = await scene.claim(reader);
    slow.beforeRead = async () => {
      slow.beforeRead = async () => {};
      await scene.settle(claim, delivered);
    };
    expect(await scene.deliveryOf(1, reader)).toMatchObject({ state: "in_flight", attempts: [] });
    expect(await scene.deliveryOf(1, reader)).toMatchObject({ state: "delivered", attempts: [{ attempt: 1 }] });
  });

  it("of a delayed delivery that is rewound is parked or pending", async () => {
    await scene.publish(message("a", { delayMs: 60_000 }));
    await scene.claim(reader);
    await slow.store.context.commits.written();
    const seen = await statesWhileWriting(() => scene.store.log.rewind(reader.id, "oldest"));
    expect([...seen].filter((state) => state !== "parked" && state !== "pending")).toEqual([]);
  });
});
