import { Client } from "pg";
import type { Timers } from "../../domain/ports.ts";
import type { ConnectionUse } from "../cluster.ts";
import { BackOff } from "./back-off.ts";
import { CHANNEL, fromPayload, type NodeEvent } from "./change-bus.ts";
import type { Connection } from "./connection.ts";
import { postgresLimits } from "./postgres-limits.ts";
import { prepareSession } from "./session.ts";

/** Interval between two probes of the connection, since a cut cable causes no event. */
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

interface Listening {
  /** Resolves when the connection has ended. */
  readonly ended: Promise<void>;
}

/** Receives the events of other nodes on a connection of its own, and reconnects when it breaks. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #backOff: BackOff;
  #client: Client | null = null;
  #isUp = false;
  #lost = 0;
  #closed = false;
  #cancelProbe: () => void = () => {};
  #running: Promise<void> = Promise.resolve();

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#backOff = new BackOff(options.timers);
  }

  /** False: events of other nodes are not received. */
  get isUp(): boolean {
    return this.#isUp;
  }

  get use(): ConnectionUse {
    const open = this.#isUp ? 1 : 0;
    return { pool: "listen", max: 1, open, idle: 0, waiting: 0, lost: this.#lost };
  }

  /** Resolves when the first attempt to listen has succeeded or failed. */
  async start(): Promise<void> {
    const listening = await this.#listen();
    this.#running = this.#keepListening(listening);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#isUp = false;
    this.#cancelProbe();
    this.#backOff.stop();
    await this.#client?.end().catch(() => {});
    await this.#running;
  }

  async #keepListening(first: Listening | null): Promise<void> {
    let listening = first;
    while (!this.#closed) {
      if (listening !== null) {
        await listening.ended;
        this.#isUp = false;
        if (!this.#closed) this.#lost++;
      }
      if (this.#closed) return;
      await this.#backOff.wait();
      if (this.#closed) return;
      listening = await this.#listen();
      if (listening !== null) this.#options.missed();
    }
  }

  /** Returns null when the connection fails. */
  async #listen(): Promise<Listening | null> {
    const { url, applicationName, nodeId, heard } = this.#options;
    const client = new Client({
      connectionString: url,
      application_name: applicationName,
      connectionTimeoutMillis: postgresLimits.connectMsMax,
      query_timeout: postgresLimits.connectMsMax,
      keepAlive: true,
    });
    this.#client = client;
    const ended = new Promise<void>((resolve) => {
      client.once("end", resolve);
      // Before its end, or instead of it.
      client.on("error", () => {
        resolve();
        client.end().catch(() => {});
      });
    });
    client.on("notification", ({ payload }) => {
      const event = fromPayload(nodeId, payload ?? "[0]");
      if (event !== null) heard(event);
    });
    try {
      // The library leaves a connecting client that is ended without an answer.
      await Promise.race([client.connect(), ended.then(() => Promise.reject(new Error("It has ended.")))]);
      // A listening session that no longer reads must end, because the server keeps all notifications that it has not
      // read. The session limits make the server end it.
      await prepareSession(connectionOf(client), { statementMsMax: postgresLimits.connectMsMax });
      await client.query(`LISTEN ${CHANNEL}`);
    } catch {
      client.end().catch(() => {});
      return null;
    }
    this.#isUp = true;
    this.#backOff.reset();
    this.#probe(client);
    return { ended };
  }

  #probe(client: Client): void {
    this.#cancelProbe = this.#options.timers.after(PROBE_MS, () => void this.#probeNow(client));
  }

  async #probeNow(client: Client): Promise<void> {
    try {
      await client.query("SELECT 1");
      if (!this.#closed) this.#probe(client);
    } catch {
      await client.end().catch(() => {});
    }
  }
}

function connectionOf(client: Client): Connection {
  return {
    query: async <T extends object>(sql: string, values: readonly unknown[] = []) =>
      (await client.query<T>(sql, [...values])).rows,
  };
}
