import { setTimeout as delay } from "node:timers/promises";
import { nowMs } from "../clock.ts";
import { publishBatch } from "../load/requests.ts";
import type { Server } from "../server/server.ts";
import { Account } from "./account.ts";
import type { Bench, Scenario } from "./bench.ts";
import { throughputKeptOfPairs } from "./result.ts";
import { throughputPairs } from "./throughput-pairs.ts";

const TOPIC = "replayed";
const POLL_MS = 20;
/** The cancelled replay has stopped when nothing has arrived for this long. */
const STOPPED_MS = 500;

export const replayScenario: Scenario = {
  name: "replay",
  title: "a replay of 1,000,000 messages beside live traffic",
  async run(bench, server) {
    const { settings } = bench;
    const { catalog } = server;
    const account = await Account.ofTopic(bench, server, "live");
    await account.publishFor(server, settings.warmUpMs);
    await publishReplayed(bench, server);
    // The subscription starts after the messages, so that only the replay sends them.
    await catalog.putSubscription(TOPIC, "s", `${bench.receiverOrigin}/${TOPIC}/0`, settings.maxInFlight);

    let id = "";
    const sentBefore: number[] = [];
    const pairs = await throughputPairs(bench, server, account, {
      async start() {
        if (id === "") id = await catalog.startReplay(TOPIC, "s");
      },
      async stop() {
        if (id !== "") sentBefore.push(await catalog.cancelReplay(id));
        id = "";
      },
    });
    const cancelMs = await cancelTook(bench, server);
    await bench.receiver.call("discard", TOPIC);
    return {
      figures: [
        throughputKeptOfPairs("throughput that live traffic keeps", pairs, 80),
        { name: "from a cancel to the last copy", value: cancelMs, unit: "ms", atMost: 1_000 },
      ],
      deliveries: [await account.close()],
      details: { pairs, copiesSent: sentBefore },
    };
  },
};

async function publishReplayed(bench: Bench, server: Server): Promise<void> {
  const { settings } = bench;
  await server.catalog.putTopic(TOPIC);
  await bench.load.call("closedLoop", {
    ...publishBatch(server.origin, TOPIC, settings.backlogBodyBytes, settings.backlogBatchMessages),
    readReply: false,
    concurrency: settings.backlogConcurrency,
    durationMs: settings.backlogMsMax,
    requestsMax: Math.ceil(settings.backlogMessages / settings.backlogBatchMessages),
  });
}

/** Cancels a running replay. Returns the time from the cancel to the last arrival of a copy. */
async function cancelTook(bench: Bench, { catalog }: Server): Promise<number> {
  const arrived = () => bench.receiver.call("arrivals", TOPIC);
  const before = await arrived();
  const id = await catalog.startReplay(TOPIC, "s");
  while ((await arrived()).requests === before.requests) await delay(POLL_MS);
  const cancelledAtMs = nowMs();
  await catalog.cancelReplay(id);
  for (let last = await arrived(); ;) {
    await delay(STOPPED_MS);
    const now = await arrived();
    if (now.requests === last.requests) return Math.max(0, now.lastAtMs - cancelledAtMs);
    last = now;
  }
}
