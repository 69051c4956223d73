import type { Timers } from "../../domain/ports.ts";
import { BackOff } from "./back-off.ts";
import type { Connection } from "./connection.ts";
import type { Lane } from "./database.ts";
import type { Health } from "./health.ts";
import { postgresLimits } from "./postgres-limits.ts";
import type { Times } from "./times.ts";

export async function registerNode(connection: Connection, times: Times): Promise<number> {
  const [row] = await connection.query<{ id: number }>(
    `INSERT INTO ringback.node (started_at, alive_until)
     SELECT now, now + $2 FROM (SELECT coalesce($1::bigint, ringback.now_ms()) AS now) AS clock RETURNING id`,
    [times.at(), postgresLimits.nodeAliveMs],
  );
  return (row as { id: number }).id;
}

/** Says now and then that this node is there. Being a write, it finds out whether the database takes any again. */
export class Heartbeat {
  readonly #options: { lane: Lane; times: Times; timers: Timers; health: Health; nodeId: number };
  readonly #backOff: BackOff;
  #beating: Promise<void> = Promise.resolve();
  #stopped = false;
  #isAlone = true;

  constructor(options: { lane: Lane; times: Times; timers: Timers; health: Health; nodeId: number }) {
    this.#options = options;
    this.#backOff = new BackOff(options.timers);
  }

  /** Looks who else is there, and then goes on doing so. */
  async start(): Promise<void> {
    await this.#beat();
    this.#options.health.onFailure(() => this.#backOff.hurry());
    this.#beating = this.#keepBeating();
  }

  /** As far as is known, no other node is there. */
  get isAlone(): boolean {
    return this.#isAlone;
  }

  /** One has said that it has come. */
  met(): void {
    this.#isAlone = false;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#backOff.stop();
    await this.#beating;
  }

  async #keepBeating(): Promise<void> {
    for (;;) {
      await (this.#options.health.writable ? this.#backOff.rest(postgresLimits.heartbeatMs) : this.#backOff.wait());
      if (this.#stopped) return;
      await this.#beat();
    }
  }

  async #beat(): Promise<void> {
    const { lane, times, health, nodeId } = this.#options;
    try {
      const [row] = await lane.query<{ alone: boolean }>(
        `WITH gone AS (DELETE FROM ringback.node WHERE alive_until < coalesce($1::bigint, ringback.now_ms()) - $4)
         UPDATE ringback.node SET alive_until = coalesce($1::bigint, ringback.now_ms()) + $3 WHERE id = $2
           RETURNING NOT EXISTS (SELECT 1 FROM ringback.node o
             WHERE o.id <> $2 AND o.alive_until > coalesce($1::bigint, ringback.now_ms())) AS alone`,
        [times.at(), nodeId, postgresLimits.nodeAliveMs, postgresLimits.nodeKeptMs],
        "heartbeat",
      );
      this.#isAlone = row?.alone ?? false;
      health.wrote();
      this.#backOff.reset();
    } catch (error) {
      health.failed(error);
    }
  }
}
