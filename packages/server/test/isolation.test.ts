/**
 * Real: the server, sockets, twenty dead endpoints, a healthy endpoint. Nothing is faked. The dead endpoints never
 * answer, refuse connections, or answer one byte at a time. If the healthy endpoint had to wait for them, it would wait
 * a minute for each attempt, and the test would time out. The benchmark measures how much throughput it keeps.
 */
import { afterAll, describe, expect, it } from "vitest";
import type { Api } from "./harness/api.ts";
import { refusing, startDripping, startHanging } from "./harness/dead-endpoints.ts";
import type { DeadEndpoint } from "./harness/dead-endpoints.ts";
import { startReceiver } from "./harness/receiver.ts";
import type { Receiver } from "./harness/receiver.ts";
import { useServerProcess } from "./harness/running-server.ts";
import { until, untilTrue } from "./harness/until.ts";

/**
 * The limit of POSTs in flight is lower than the sum of the dead endpoints' windows. Without isolation, the dead
 * endpoints could use the whole limit.
 */
const server = useServerProcess({ args: ["--in-flight-max", "64"] });

const dead: DeadEndpoint[] = [];
afterAll(async () => {
  await Promise.all(dead.map((endpoint) => endpoint[Symbol.asyncDispose]()));
});

const messages = 3_000;
const batch = 500;
const backlog = 2_000;
const bodyText = "x".repeat(500);
/**
 * The most that the server's memory may grow. The bodies of all twenty backlogs have 20 MB, and would take much more
 * memory as objects.
 */
const grownBytesMax = 160 * 1024 * 1024;

async function publishMany(api: Api, topic: string, count: number): Promise<void> {
  for (let done = 0; done < count; done += batch) {
    await api.publishBatch(
      topic,
      Array.from({ length: Math.min(batch, count - done) }, () => ({ body: bodyText })),
    );
  }
}

function reachedCount(): number {
  return dead.filter((endpoint) => endpoint.connections() > 0).length;
}

/** Publishes to the healthy endpoint. Resolves with the last arrival. */
async function deliverMany(api: Api, topic: string, receiver: Receiver): Promise<void> {
  const before = receiver.at("/healthy").length;
  await publishMany(api, topic, messages);
  await untilTrue("all have arrived", () => receiver.at("/healthy").length >= before + messages);
}

describe("twenty dead endpoints with a backlog", () => {
  it("delay no delivery to a healthy endpoint, and take no memory for their backlog", async () => {
    const { api } = server();
    await using receiver = await startReceiver();
    const healthy = { push: { url: `${receiver.url}/healthy` } };
    await api.putTopic("crowded");
    for (let index = 0; index < 20; index++) {
      const start = [startHanging, refusing, startDripping][index % 3] ?? startHanging;
      const endpoint = await start();
      dead.push(endpoint);
      // The longest timeout that is allowed, so that each attempt stays in the window for as long as possible.
      const push = { url: endpoint.url, timeoutMs: 60_000 };
      await api.subscribe("crowded", `dead${index}`, { push, maxInFlight: 64 });
    }
    await publishMany(api, "crowded", backlog);
    await untilTrue("all that can be reached are holding connections", () => reachedCount() === 13);
    await until(
      "those that refuse have failed",
      () => api.counts("crowded", "dead1"),
      ({ parked }) => parked > 0,
    );
    const bytesBefore = (await api.metrics()).get("process_resident_memory_bytes") ?? Number.NaN;
    await api.subscribe("crowded", "healthy", healthy);
    await deliverMany(api, "crowded", receiver);
    const bytesAfter = (await api.metrics()).get("process_resident_memory_bytes") ?? Number.NaN;

    expect(bytesAfter - bytesBefore).toBeLessThan(grownBytesMax);
    // No message was delivered to a dead endpoint, and no message for a dead endpoint was lost.
    for (const index of dead.keys()) {
      const { backlog: left, parked, inFlight } = await api.counts("crowded", `dead${index}`);
      expect(left + parked + inFlight).toBe(backlog + messages);
    }
    // A single message does not wait for the timeout of a dead endpoint either.
    const before = receiver.at("/healthy").length;
    await api.publish("crowded", { body: "one more" });
    await untilTrue("it has arrived", () => receiver.at("/healthy").length === before + 1);
  });
});
