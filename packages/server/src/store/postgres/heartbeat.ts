import type { SubscriptionId } from "../../domain/model.ts";
import type { NodeLabel } from "../cluster.ts";
import { BackOff } from "./back-off.ts";
import { postgresLimits } from "./postgres-limits.ts";
import type { NodeContext } from "./node-context.ts";
import type { Tick } from "./times.ts";

export interface HeartbeatOptions extends NodeContext {
  readonly label: NodeLabel;
  /** Called when a node has died, with the subscriptions whose deliveries that node had claimed. */
  /** Called when the database's clock was set, with the difference. */
  readonly clockJumped: (byMs: number) => void;
  readonly orphaned: (ids: readonly SubscriptionId[]) => void;
}

interface HeartbeatRow extends Tick {
  readonly alone: boolean;
  readonly orphaned: readonly SubscriptionId[];
}

const sql = `WITH clock AS MATERIALIZED (
    SELECT t.*, coalesce(($1::bigint[])[1], t.steady) AS now FROM ringback.tick($8, $9) t
  ), gone AS (
    DELETE FROM ringback.node WHERE alive_until < (SELECT now FROM clock) - $4 AND id <> $2
  ), alive AS MATERIALIZED (
    SELECT id FROM ringback.node WHERE id <> $2 AND alive_until > (SELECT now FROM clock)
  ), me AS (
    INSERT INTO ringback.node AS n (id, name, version, started_at, beating_since, alive_until) OVERRIDING SYSTEM VALUE
    SELECT $2, $6, $7, coalesce(($1::bigint[])[2], wall), now, now + $3 FROM clock
    ON CONFLICT (id) DO UPDATE SET alive_until = excluded.alive_until,
      beating_since = CASE WHEN n.alive_until < excluded.beating_since THEN excluded.beating_since ELSE n.beating_since END
    RETURNING beating_since
  )
  SELECT clock.steady, clock.wall, clock.last_wall, clock.jumped_ms,
    NOT EXISTS (SELECT 1 FROM alive) AS alone, ARRAY (
      SELECT DISTINCT c.subscription_id FROM ringback.claim c
      WHERE me.beating_since <= clock.now - $3 AND c.node_id <> $2 AND c.node_id NOT IN (SELECT id FROM alive)
      LIMIT $5) AS orphaned
  FROM me, clock`;

/** Writes the heartbeat of this node at intervals. A successful heartbeat shows that the database accepts writes. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #backOff: BackOff;
  #beating: Promise<void> = Promise.resolve();
  #isAlone = true;
  /** Time when the last successful heartbeat was sent, by `performance.now`. */
  #heardAtMs = -Infinity;
  #gaps = 0;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#backOff = new BackOff(options.timers);
  }

  /** Sends the first heartbeat, which also finds the other nodes, and then one at each interval. */
  async start(): Promise<void> {
    await this.#beat();
    this.#options.health.onFailure(() => this.#backOff.hurry());
    this.#beating = this.#keepBeating();
  }

  /** Whether this node knows of no other node. */
  get isAlone(): boolean {
    return this.#isAlone;
  }

  /**
   * See `LogStore.touch`. Other nodes measure the age of a heartbeat from the moment when it was written. This node
   * measures the age from the moment when the heartbeat was sent, which is never later.
   */
  touch(): number | null {
    return performance.now() - this.#heardAtMs < this.#options.aliveMs ? this.#gaps : null;
  }

  /** Records that another node has started. */
  met(): void {
    this.#isAlone = false;
  }

  async stop(): Promise<void> {
    this.#backOff.stop();
    await this.#beating;
  }

  async #keepBeating(): Promise<void> {
    for (;;) {
      await (this.#options.health.writable && this.touch() !== null
        ? this.#backOff.rest(this.#options.aliveMs / postgresLimits.heartbeatsMissed)
        : this.#backOff.wait());
      if (this.#backOff.isStopped) return;
      await this.#beat();
    }
  }

  async #beat(): Promise<void> {
    const { database, times, timers, health, nodeId, aliveMs, label, orphaned, clockJumped } = this.#options;
    // A server that does not answer accepts no writes either. Health reports that before the statement itself times
    // out.
    const cancelLate = timers.after(postgresLimits.heartbeatAnswerMsMax, () => health.silent());
    const requestedAtMs = performance.now();
    try {
      const [row] = await database.hot.query<HeartbeatRow>(
        sql,
        [
          times.at(),
          nodeId,
          aliveMs,
          postgresLimits.nodeKeptMs,
          postgresLimits.orphanedMax,
          label.name,
          label.version,
          ...times.sinceLast(),
        ],
        "heartbeat",
      );
      if (row !== undefined) {
        times.ticked(row);
        if (Math.abs(row.jumped_ms) >= postgresLimits.clockJumpMsMin) clockJumped(row.jumped_ms);
      }
      if (this.touch() === null) this.#gaps++;
      this.#heardAtMs = requestedAtMs;
      if (row !== undefined && row.orphaned.length > 0) orphaned(row.orphaned);
      this.#isAlone = row?.alone ?? false;
      health.wroteInPlace();
      if (this.touch() !== null) this.#backOff.reset();
    } catch (error) {
      health.failed(error);
    } finally {
      cancelLate();
    }
  }
}
