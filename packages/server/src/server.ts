import type { AddressInfo } from "node:net";
import type { Logger } from "pino";
import { createApp } from "./api/app.ts";
import { startOf } from "./api/subscription-shape.ts";
import type { Config } from "./config/config.ts";
import { readVersion } from "./config/version.ts";
import { systemClock, systemRandom, systemTimers } from "./domain/ports.ts";
import { RingbackError } from "./domain/errors.ts";
import { normaliseSubscription } from "./domain/subscription-rules.ts";
import { Engine } from "./engine/engine.ts";
import { createEventBus } from "./engine/event-bus.ts";
import { createMetrics } from "./ops/metrics.ts";
import type { Store } from "./store/port.ts";
import { SqliteStore } from "./store/sqlite/sqlite-store.ts";
import { createHttpTransport } from "./transport/http-transport.ts";

export interface RunningServer {
  /** Where it listens, such as `http://127.0.0.1:8000`. */
  readonly url: string;
  /** Stops accepting, finishes or releases what is in flight, and ends. Bounded by `shutdownGraceMs`. */
  close(): Promise<void>;
}

/** The composition root: the only place that knows all the rooms of the house. */
export async function startServer(config: Config, { log }: { log: Logger }): Promise<RunningServer> {
  const events = createEventBus((error) => log.error({ err: error }, "a listener to live events failed"));
  const metrics = createMetrics({
    statistics: () => store.statistics(),
    openSockets: () => transport.openSockets(),
  });
  const store: Store = await SqliteStore.open({
    folder: config.data,
    account: { name: "default", appId: config.accountAppId },
    bytesMax: config.databaseBytesMax,
    messageCacheBytes: config.messageCacheBytes,
    attemptRetentionMs: config.attemptRetentionMs,
    deadLetterRetentionMs: config.deadLetterRetentionMs,
    observer: metrics.observer,
  });
  const transport = createHttpTransport({
    allowPrivateNetworks: config.allowPrivateNetworks,
    allowedAddresses: config.allowedAddresses,
  });
  const engine = new Engine({
    store,
    transport,
    events,
    observer: metrics.observer,
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    keyRing: { find: () => Promise.resolve(null) },
    inFlightMax: config.inFlightMax,
    failed: (error, during) => log.error({ err: error, during }, "background work failed"),
  });
  let state: { ready: boolean; reason?: string } = { ready: false, reason: "starting" };
  const app = await createApp({
    store,
    publisher: engine.publisher,
    events,
    metrics,
    log,
    version: readVersion(),
    ready: () => state,
    clock: systemClock,
  });

  const closeAll = async (): Promise<void> => {
    state = { ready: false, reason: "stopping" };
    // One grace for both sides: neither a client that uploads slowly nor an endpoint that hangs outlasts it.
    const cancelCut = systemTimers.after(config.shutdownGraceMs, () => app.server.closeAllConnections());
    await Promise.all([app.close().finally(cancelCut), engine.stop(config.shutdownGraceMs)]);
    await store.close();
  };
  try {
    await declare(store, config);
    await app.listen({ host: config.listen.host, port: config.listen.port });
    await engine.start();
  } catch (error) {
    await closeAll();
    throw error;
  }
  state = { ready: true };
  return { url: urlOf(app.server.address() as AddressInfo), close: closeAll };
}

/** Puts what the configuration file declares, as the API would. A refusal says where in the file it stands. */
async function declare(store: Store, config: Config): Promise<void> {
  for (const declared of config.declared) {
    const { topic } = await at(declared.origin, () =>
      store.putTopic(store.defaultAccount().id, declared.topic, declared.settings),
    );
    for (const { name, input, origin } of declared.subscriptions) {
      await at(origin, () =>
        store.putSubscription(topic.id, name, normaliseSubscription(input, topic), startOf(input.start)),
      );
    }
  }
}

async function at<T>(origin: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RingbackError)) throw error;
    throw new RingbackError(error.code, `${origin}: ${error.message}`, { details: error.details, cause: error });
  }
}

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}
