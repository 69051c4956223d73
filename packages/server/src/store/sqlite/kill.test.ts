import { rmSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { textOf } from "../contract/fixtures.ts";
import { SqliteStore } from "./sqlite-store.ts";
import { Child } from "./testing/child.ts";
import { temporaryFolder } from "./testing/sqlite-folder.ts";
import { storeOptions } from "./testing/store-options.ts";

// Real: a process that publishes without pause, SIGKILL. Nothing is faked.
const ROUNDS = 3;
const LINES = 300;

describe("a process that is killed while it publishes", () => {
  test("leaves every acknowledged message in the log once and at its position, round after round", async () => {
    const folder = temporaryFolder();
    const acknowledged = new Map<number, string>();
    for (let round = 0; round < ROUNDS; round++) {
      const child = Child.start("./appending-child.ts", folder);
      await child.readLines(1 + LINES + round * 57);
      await child.kill();
      for (const line of child.lines.slice(1)) {
        const [seq, text] = line.split(" ") as [string, string];
        expect(acknowledged.has(Number(seq))).toBe(false);
        acknowledged.set(Number(seq), `${round}: ${text}`);
      }
      await expectLog(folder, acknowledged);
    }
    expect(acknowledged.size).toBeGreaterThan(ROUNDS * LINES);
    rmSync(folder, { recursive: true, force: true });
  });
});

async function expectLog(folder: string, acknowledged: ReadonlyMap<number, string>): Promise<void> {
  const store = await SqliteStore.open(storeOptions(folder));
  const topic = await store.catalog.getTopic(store.catalog.defaultAccount().id, "orders");
  const reader = topic === null ? null : await store.catalog.getSubscription(topic.id, "reader");
  if (reader === null) throw new Error("The catalog is lost.");
  const log = new Map<number, string>();
  for (let more = true; more;) {
    const want = { subscriptionId: reader.id, deliveriesMax: 1_000, bytesMax: 10_000_000, fromLog: true };
    const [claim] = await store.log.claim([want], 60_000);
    for (const { message } of claim?.deliveries ?? []) log.set(message.seq, textOf(message));
    more = claim?.more ?? false;
  }
  await store.close();
  expect(Math.max(...log.keys())).toBe(log.size);
  for (const [seq, text] of acknowledged) expect(log.get(seq)).toBe(text.slice(text.indexOf(" ") + 1));
}
