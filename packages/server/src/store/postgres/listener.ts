import type { Client } from "pg";
import type { Timers } from "../../domain/ports.ts";
import type { ConnectionUse } from "../cluster.ts";
import { BackOff } from "./back-off.ts";
import { CHANNEL, fromPayload, type NodeEvent } from "./change-bus.ts";
import { connectionOf, newClient } from "./connection.ts";
import { postgresLimits } from "./postgres-limits.ts";
import { prepareSession } from "./session.ts";

/** Interval between two probes of the connection. Probes are needed because a cut cable causes no event. */
const PROBE_MS = 10_000;

export interface ListenerOptions {
  readonly url: string;
  readonly applicationName: string;
  readonly nodeId: number;
  readonly timers: Timers;
  readonly heard: (event: NodeEvent) => void;
  /** Called after a reconnection: events may have been lost, so cached values may be out of date. */
  readonly missed: () => void;
}

/** Receives the events of other nodes on a connection of its own, and reconnects when it breaks. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #backOff: BackOff;
  #client: Client | null = null;
  #isUp = false;
  #lost = 0;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#backOff = new BackOff(options.timers);
  }

  /** False: this node does not receive the events of other nodes at the moment. */
  get isUp(): boolean {
    return this.#isUp;
  }

  get use(): ConnectionUse {
    const open = this.#isUp ? 1 : 0;
    return { pool: "listen", max: 1, open, idle: 0, waiting: 0, lost: this.#lost };
  }

  /** Resolves when the first attempt to listen has succeeded or failed. */
  async start(): Promise<void> {
    const { promise, resolve: tried } = Promise.withResolvers<void>();
    this.#running = this.#keepListening(tried);
    await promise;
  }

  async close(): Promise<void> {
    this.#isUp = false;
    this.#backOff.stop();
    await this.#client?.end().catch(() => {});
    await this.#running;
  }

  async #keepListening(tried: () => void): Promise<void> {
    for (let isFirst = true; !this.#backOff.isStopped; isFirst = false) {
      const { url, applicationName } = this.#options;
      const client = newClient(url, applicationName, { query_timeout: postgresLimits.connectMsMax });
      this.#client = client;
      const { promise: ended, resolve } = Promise.withResolvers<void>();
      client.once("end", resolve);
      // The client may emit "error" before "end", or without it.
      client.once("error", resolve);
      try {
        // The library never settles the promise of a `connect` during which the connection ends.
        await Promise.race([this.#listen(client), ended.then(() => Promise.reject(new Error("It has ended.")))]);
        this.#isUp = !this.#backOff.isStopped;
        this.#backOff.reset();
        tried();
        if (!isFirst) this.#options.missed();
        await this.#probe(client, ended);
      } catch {
        // The loop tries again, whatever the reason of the failure.
      }
      client.end().catch(() => {});
      tried();
      if (this.#isUp) this.#lost++;
      this.#isUp = false;
      await this.#backOff.wait();
    }
  }

  async #listen(client: Client): Promise<void> {
    const { nodeId, heard } = this.#options;
    client.on("notification", ({ payload }) => {
      const event = fromPayload(nodeId, payload ?? "[0]");
      if (event !== null) heard(event);
    });
    await client.connect();
    // A listening session that no longer reads must end, because the server keeps all notifications that the session
    // has not read. With the limits set here, the server ends such a session.
    await prepareSession(connectionOf(client), { statementMsMax: postgresLimits.connectMsMax });
    await client.query(`LISTEN ${CHANNEL}`);
  }

  /** Resolves when the connection has ended, and rejects when it no longer answers. */
  async #probe(client: Client, ended: Promise<void>): Promise<void> {
    let hasEnded = false;
    void ended.finally(() => {
      hasEnded = true;
      this.#backOff.hurry();
    });
    for (;;) {
      await this.#backOff.rest(PROBE_MS);
      if (hasEnded || this.#backOff.isStopped) return;
      await client.query("SELECT 1");
    }
  }
}
