import { nowMs } from "../clock.ts";
import { freePort } from "../server/launch.ts";
import type { Server } from "../server/launch.ts";
import { median } from "../statistics/percentiles.ts";
import { Account } from "./arrival.ts";
import type { Scenario } from "./bench.ts";
import { closedLoop, publishBatch, publishOne } from "./requests.ts";
import { throughput } from "./throughput.ts";

const SAMPLE_MS = 200;

export const backlogScenario: Scenario = {
  name: "backlog",
  title: "1,000,000 messages waiting for two dead endpoints, one that refuses and one that never answers",
  async run(bench, server) {
    const { settings } = bench;
    const { catalog } = server;
    await catalog.putTopic("healthy");
    await catalog.putSubscription("healthy", "s", `${bench.receiverOrigin}/healthy/0`, settings.maxInFlight);
    await catalog.putTopic("dead");
    await catalog.putSubscription("dead", "refuses", `http://127.0.0.1:${await freePort()}/x`, settings.maxInFlight);
    await catalog.putSubscription("dead", "silent", `${bench.silentOrigin}/x`, settings.maxInFlight);

    const account = new Account(bench, "healthy", ["0"]);
    const warmUp = closedLoop(publishOne(server.origin, "healthy", settings.bodyBytes), settings, settings.warmUpMs);
    account.add(await bench.load.call("closedLoop", warmUp));
    await account.untilArrived();

    const memory = new MemorySampler(server);
    const before = await throughput(bench, server, "healthy", account);
    const filledFromMs = nowMs();
    const filled = await bench.load.call("closedLoop", {
      ...publishBatch(server.origin, "dead", settings.backlogBodyBytes, settings.backlogBatchMessages),
      readIds: false,
      concurrency: settings.backlogConcurrency,
      durationMs: settings.backlogMsMax,
      requestsMax: Math.ceil(settings.backlogMessages / settings.backlogBatchMessages),
    });
    const filledS = (nowMs() - filledFromMs) / 1000;
    if (filled.acceptedMessages < settings.backlogMessages) {
      throw new Error(
        `only ${filled.acceptedMessages} of ${settings.backlogMessages} messages were accepted in ${filledS} s ` +
          JSON.stringify(filled.refused),
      );
    }
    const during = await throughput(bench, server, "healthy", account);
    const { peakBytes, samplesMb } = memory.stop();

    return {
      figures: [
        {
          name: "resident memory, at its peak",
          value: peakBytes / 1e6,
          unit: "MB",
          limit: "at most",
          reach: 256,
        },
        {
          name: "throughput that a healthy one keeps",
          value: (100 * median(during)) / median(before),
          lowest: (100 * Math.min(...during)) / median(before),
          highest: (100 * Math.max(...during)) / median(before),
          unit: "%",
          limit: "at least",
          reach: 90,
          perSecond: median(during),
        },
      ],
      deliveries: [await account.close()],
      details: {
        backlogMessages: filled.acceptedMessages,
        backlogPublishedPerSecond: filled.acceptedMessages / filledS,
        perSecondBefore: before,
        perSecondDuring: during,
        residentMb: samplesMb,
      },
    };
  },
};

/** Reads the server's resident memory now and then. On Linux the kernel's own peak is taken, which misses nothing. */
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
        // The server is gone. Whoever talks to it next says so with more reason.
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
