import { setTimeout as pause } from "node:timers/promises";
import { verdictCodes } from "../../../src/store/record-rows.ts";
import type { PostgresServer } from "../../../src/store/postgres/testing/postgres-server.ts";
import { ask } from "./database.ts";

const pollMs = 250;
/**
 * An id is assigned before its transaction commits, so a row can become visible after rows with higher ids. The
 * difference between these ids is assumed to be at most this number.
 */
const late = 3_000;

interface Row {
  readonly id: string;
  readonly delivery: string;
}

const sql = `SELECT a.id, t.name || '/' || s.name || '/' || ((a.topic_id::bigint << 40) | a.seq)::text AS delivery
  FROM ringback.attempt a JOIN ringback.subscription s ON s.id = a.subscription_id JOIN ringback.topic t ON t.id = a.topic_id
  WHERE a.verdict = $1 AND a.id > $2`;

/** Deliveries that the database has recorded as accepted. The database is polled directly, without the servers. */
export class Recorded {
  /**
   * Number of arrivals of each delivery at the time when its recorded success was first read. No further arrival is
   * allowed.
   */
  readonly arrivedByThen = new Map<string, number>();
  readonly #server: PostgresServer;
  readonly #arrived: (delivery: string) => number;
  #lastId = 0;

  constructor(server: PostgresServer, arrived: (delivery: string) => number) {
    this.#server = server;
    this.#arrived = arrived;
  }

  async watch(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      for (const { id, delivery } of await this.#read(this.#lastId - late)) {
        this.#lastId = Math.max(this.#lastId, Number(id));
        if (!this.arrivedByThen.has(delivery)) this.arrivedByThen.set(delivery, this.#arrived(delivery));
      }
      await pause(pollMs);
    }
  }

  /** Number of recorded successes of each delivery. A number above one means that a delivery was settled twice. */
  async counts(): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for (const { delivery } of await this.#read(0)) counts.set(delivery, (counts.get(delivery) ?? 0) + 1);
    return counts;
  }

  #read(afterId: number): Promise<Row[]> {
    return ask<Row>(this.#server, sql, [verdictCodes.indexOf("accepted"), afterId]);
  }
}
