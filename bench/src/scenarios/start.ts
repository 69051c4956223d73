import { setTimeout as delay } from "node:timers/promises";
import { nowMs } from "../clock.ts";
import type { Server } from "../server/launch.ts";
import { median } from "../statistics/percentiles.ts";
import { Account } from "./arrival.ts";
import type { Scenario } from "./bench.ts";

export const startScenario: Scenario = {
  name: "start",
  title: "start to the first accepted publish",
  async run(bench, server) {
    await server.catalog.putTopic("first");
    await server.catalog.putSubscription("first", "s", `${bench.receiverOrigin}/first/0`, bench.settings.maxInFlight);
    await server.stop();

    const account = new Account(bench, "first", ["0"]);
    const startS: number[] = [];
    const idleMb: number[] = [];
    for (let start = 0; start < bench.settings.starts; start++) {
      const again = await bench.spawn(startScenario.name);
      const id = await firstAccepted(again);
      const acceptedAtMs = nowMs();
      startS.push((acceptedAtMs - again.spawnedAtMs) / 1000);
      account.add(oneAccepted(id));
      await account.untilArrived();
      await delay(bench.settings.idleMs / 5);
      idleMb.push(again.memory().residentBytes / 1e6);
      await again.stop();
    }
    return {
      figures: [
        { name: "spawn to first 201", value: median(startS), unit: "s", limit: "at most", reach: 1 },
        { name: "resident memory, idle", value: median(idleMb), unit: "MB", limit: "at most", reach: 120 },
      ],
      deliveries: [await account.close()],
      details: { startS, idleMb },
    };
  },
};

/** The id of the first message that a starting server accepts. */
async function firstAccepted(server: Server): Promise<string> {
  let id: string | null = null;
  await server.until(async () => {
    id = await tryToPublish(server.origin);
    return id !== null;
  });
  return id ?? "";
}

async function tryToPublish(origin: string): Promise<string | null> {
  try {
    const reply = await fetch(`${origin}/v1/topics/first/messages`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"body":"first"}',
    });
    const text = await reply.text();
    if (reply.status !== 201) return null;
    const receipt: { id: string } = JSON.parse(text);
    return receipt.id;
  } catch {
    return null;
  }
}

function oneAccepted(id: string): Parameters<Account["add"]>[0] {
  const at = nowMs();
  return { requests: 1, acceptedMessages: 1, ids: [id], refused: {}, startedAtMs: at, endedAtMs: at, cpuUs: 0 };
}
