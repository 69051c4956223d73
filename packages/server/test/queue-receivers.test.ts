/** Real: SQLite on a disk, the pulls, the queues, the publisher, time. Nothing is faked. The tests do not use HTTP. */

import { unlimited } from "../src/domain/account-limits.ts";
import { afterEach, beforeEach, expect, it } from "vitest";
import { systemClock, systemTimers } from "../src/domain/ports.ts";
import { createEventBus } from "../src/engine/event-bus.ts";
import type { PulledMessage } from "../src/engine/pull/pulls.ts";
import { createPublisher } from "../src/engine/publisher.ts";
import { AccountPulls } from "../src/engine/pull/account-pulls.ts";
import { PullQueues } from "../src/engine/pull/pull-queues.ts";
import { AccountQueues } from "../src/engine/queues/account-queues.ts";
import { RecordingObserver } from "../src/engine/testing/recording-observer.ts";
import { SqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import { temporaryFolder } from "../src/store/sqlite/testing/sqlite-folder.ts";
import { storeOptions } from "../src/store/sqlite/testing/store-options.ts";
import { rmSync } from "node:fs";

const visibilityMs = 1_000;
const stays = new AbortController().signal;
let folder: string;
let running: Awaited<ReturnType<typeof open>>;

beforeEach(async () => {
  folder = temporaryFolder();
  running = await open();
});

afterEach(async () => {
  await running.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open() {
  const store = await SqliteStore.open(storeOptions(folder, { clock: systemClock }));
  const observer = new RecordingObserver();
  const events = createEventBus();
  const failures: unknown[] = [];
  const failed = (error: unknown): void => void failures.push(error);
  const pullQueues = new PullQueues({ store, observer, events, clock: systemClock, timers: systemTimers, failed });
  const pulls = new AccountPulls({ store, pullQueues, observer, events, clock: systemClock });
  const publisher = createPublisher({ store, observer, events, clock: systemClock });
  const accountId = store.catalog.defaultAccount().id;
  const queues = new AccountQueues({
    accountId,
    limitsOf: () => unlimited,
    store,
    publisher,
    pulls,
    clock: systemClock,
    failed,
  });
  pulls.sendDeadLetters((subscription) => queues.deadLetterTarget(subscription));
  pullQueues.start();
  const close = async (): Promise<void> => {
    pulls.stopWaiting();
    await pullQueues.idle();
    await store.close();
  };
  return { queues, failures, close };
}

async function make(
  name: string,
  deadLetters: { queue: string; after: "receives"; receivesMax: number } | null = null,
) {
  await running.queues.create(name, {
    messagesMax: 10_000,
    waitMs: 0,
    visibilityMs,
    bodyBytesMax: 65_536,
    retentionMs: 345_600_000,
    rewindMs: 0,
    deadLetters,
  });
}

function receive(name: string, messagesMax: number, waitMs: number): Promise<readonly PulledMessage[]> {
  return running.queues.receive(name, { messagesMax, waitMs, visibilityMs: null, gone: stays });
}

function textOf({ message }: PulledMessage): string {
  return Buffer.from(message.body).toString();
}

it("many receivers share a queue's messages, and each message is acknowledged once, although some receivers abandon theirs", async () => {
  await make("jobs");
  const sent = Array.from({ length: 300 }, (_, index) => `${index}`);
  const acknowledged: string[] = [];
  const hiddenUntilMs = new Map<string, number>();
  const inTwoHands: string[] = [];
  const receiver = async (lets: number): Promise<void> => {
    for (let turn = 0; acknowledged.length < sent.length; turn++) {
      const messages = await receive("jobs", 4, 200);
      for (const message of messages) {
        const text = textOf(message);
        if (message.visibleAtMs - visibilityMs < (hiddenUntilMs.get(text) ?? 0)) inTwoHands.push(text);
        hiddenUntilMs.set(text, message.visibleAtMs);
      }
      // The receiver does not acknowledge these messages. The server cannot distinguish it from a receiver that has
      // ended.
      if (turn % 7 === lets) continue;
      const results = await running.queues.acknowledge(
        "jobs",
        messages.map(({ receiptHandle }) => receiptHandle),
      );
      for (const [index, result] of results.entries()) {
        const message = messages[index];
        if (result === "done" && message !== undefined) acknowledged.push(textOf(message));
      }
    }
  };
  const receivers = [0, 1, 2, 3, 4, 5, 9, 9].map(receiver);
  for (let at = 0; at < sent.length; at += 10) {
    const messages = sent
      .slice(at, at + 10)
      .map((text) => ({ body: Buffer.from(text), delayMs: at % 3 === 0 ? 150 : 0 }));
    await running.queues.send("jobs", messages);
  }
  await Promise.all(receivers);
  expect(acknowledged.toSorted()).toEqual(sent.toSorted());
  expect(inTwoHands).toEqual([]);
  expect(running.failures).toEqual([]);
  expect(await running.queues.counts("jobs")).toMatchObject({ visible: 0, invisible: 0, delayed: 0 });
});

it("an invisible message stays invisible after a restart, and moves to the dead-letter queue in time", async () => {
  await make("dead");
  await make("jobs", { queue: "dead", after: "receives", receivesMax: 2 });
  await running.queues.send("jobs", [{ body: Buffer.from("1"), delayMs: 0 }]);
  const [first] = await receive("jobs", 1, 0);
  await running.close();
  running = await open();
  const [second] = await receive("jobs", 1, 5_000);
  expect(second).toMatchObject({ id: first?.id, receives: 2, firstReceivedAtMs: first?.firstReceivedAtMs });
  expect(second?.visibleAtMs).toBeGreaterThanOrEqual((first?.visibleAtMs ?? 0) + visibilityMs);
  expect(await receive("jobs", 1, 2 * visibilityMs)).toEqual([]);
  expect((await receive("dead", 16, 5_000)).map(textOf)).toEqual(["1"]);
  expect(await running.queues.counts("jobs")).toMatchObject({ visible: 0, invisible: 0 });
});
