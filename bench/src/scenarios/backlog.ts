import { nowMs } from "../clock.ts";
import { publishBatch } from "../load/requests.ts";
import { freePort } from "../process/loopback.ts";
import type { Server } from "../server/server.ts";
import { Account } from "./account.ts";
import type { Bench, Scenario } from "./bench.ts";
import { throughputKept } from "./result.ts";

const SAMPLE_MS = 200;

export const backlogScenario: Scenario = {
  name: "backlog",
  title: "1,000,000 messages waiting for two dead endpoints, one that refuses and one that never answers",
  async run(bench, server) {
    const { settings } = bench;
    const { catalog } = server;
    const account = await Account.ofTopic(bench, server, "healthy");
    await catalog.putTopic("dead");
    await catalog.putSubscription("dead", "refuses", `http://127.0.0.1:${await freePort()}/x`, settings.maxInFlight);
    await catalog.putSubscription("dead", "silent", `${bench.silentOrigin}/x`, settings.maxInFlight);
    await account.publishFor(server, settings.warmUpMs);

    const memory = new MemorySampler(server);
    const before = await account.throughput(server);
    const published = await publishBacklog(bench, server);
    const during = await account.throughput(server);
    const { peakBytes, samplesMb } = memory.stop();

    return {
      figures: [
        { name: "resident memory, at its peak", value: peakBytes / 1e6, unit: "MB", atMost: 256 },
        throughputKept("throughput that a healthy subscription keeps", before, during),
      ],
      deliveries: [await account.close()],
      details: { ...published, perSecondBefore: before, perSecondDuring: during, residentMb: samplesMb },
    };
  },
};

async function publishBacklog(bench: Bench, server: Server) {
  const { settings } = bench;
  const startedAtMs = nowMs();
  const { acceptedMessages, refused } = await bench.load.call("closedLoop", {
    ...publishBatch(server.origin, "dead", settings.backlogBodyBytes, settings.backlogBatchMessages),
    readReply: false,
    concurrency: settings.backlogConcurrency,
    durationMs: settings.backlogMsMax,
    requestsMax: Math.ceil(settings.backlogMessages / settings.backlogBatchMessages),
  });
  const tookS = (nowMs() - startedAtMs) / 1000;
  if (acceptedMessages < settings.backlogMessages) {
    const counts = `${acceptedMessages} of ${settings.backlogMessages}`;
    throw new Error(`only ${counts} messages were accepted in ${tookS} s ${JSON.stringify(refused)}`);
  }
  return { backlogMessages: acceptedMessages, backlogPublishedPerSecond: acceptedMessages / tookS };
}

/**
 * Reads the server's resident memory at intervals. On Linux, the kernel reports the peak, so no peak is missed between
 * two readings.
 */
class MemorySampler {
  readonly #server: Server;
  readonly #samplesMb: number[] = [];
  readonly #timer: NodeJS.Timeout;
  #peakBytes = 0;

  constructor(server: Server) {
    this.#server = server;
    this.#timer = setInterval(() => {
      try {
        this.#sample();
      } catch {
        // The server has ended. The next request to the server fails with a better error.
        clearInterval(this.#timer);
      }
    }, SAMPLE_MS);
    this.#timer.unref();
  }

  stop(): { readonly peakBytes: number; readonly samplesMb: readonly number[] } {
    clearInterval(this.#timer);
    this.#sample();
    return { peakBytes: this.#peakBytes, samplesMb: this.#samplesMb };
  }

  #sample(): void {
    const { residentBytes, peakBytes } = this.#server.memory();
    this.#samplesMb.push(Math.round(residentBytes / 1e6));
    this.#peakBytes = Math.max(this.#peakBytes, peakBytes);
  }
}
