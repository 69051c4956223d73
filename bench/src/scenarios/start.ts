import { setTimeout as delay } from "node:timers/promises";
import { createClient } from "@ringback/sdk/client";
import { nowMs } from "../clock.ts";
import type { Server } from "../server/server.ts";
import { median } from "../statistics/percentiles.ts";
import { Account } from "./account.ts";
import type { Scenario } from "./bench.ts";

const TOPIC = "first";

export const startScenario: Scenario = {
  name: "start",
  title: "start to the first accepted publish",
  async run(bench, server) {
    const account = await Account.ofTopic(bench, server, TOPIC);
    await server.stop();

    const startS: number[] = [];
    const idleMb: number[] = [];
    for (let start = 0; start < bench.settings.starts; start++) {
      const restarted = await bench.spawn(startScenario.name);
      const id = await firstAccepted(restarted);
      startS.push((nowMs() - restarted.spawnedAtMs) / 1000);
      account.add({ ids: [id], refused: {} });
      await account.untilArrived();
      await delay(bench.settings.idleMs / 5);
      idleMb.push(restarted.memory().residentBytes / 1e6);
      await restarted.stop();
    }
    return {
      figures: [
        { name: "spawn to first 201", value: median(startS), unit: "s", atMost: 1 },
        { name: "resident memory, idle", value: median(idleMb), unit: "MB", atMost: 120 },
      ],
      deliveries: [await account.close()],
      details: { startS, idleMb },
    };
  },
};

/** Returns the id of the first message that a starting server accepts. */
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
    return (await createClient({ url: origin, retriesMax: 0 }).publish(TOPIC, { body: "first" })).id;
  } catch {
    return null;
  }
}
