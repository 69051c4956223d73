import type { Message, TimeMs, TopicId } from "../../domain/model.ts";
import type { Timers } from "../../domain/ports.ts";
import type { Claim, ClaimedDelivery, ClaimId, ClaimWant } from "../log.ts";
import { Batches } from "./batches.ts";
import type { ConnectionPool } from "./database.ts";
import type { Health } from "./health.ts";
import { postgresLimits } from "./postgres-limits.ts";
import { toMessage, type MessageRow } from "./rows.ts";
import type { Times } from "./times.ts";
import type { WakeUps } from "./wake-ups.ts";

/** Claims that one process can make: with 2^21 processes, numbers stay below 2^53. */
const CLAIMS_PER_NODE = 2 ** 32;

interface Waiting {
  readonly wants: readonly ClaimWant[];
  readonly leaseMs: number;
  readonly resolve: (claims: readonly Claim[]) => void;
  readonly reject: (error: unknown) => void;
}

interface RequestedClaim {
  readonly id: ClaimId;
  readonly want: ClaimWant;
}

interface ClaimRow extends MessageRow {
  readonly want: number;
  /** null: the last row of the want, which carries the fields of the claim itself. */
  readonly seq: number;
  readonly topic_id: TopicId;
  readonly attempts: number;
  readonly retries: number;
  readonly first_attempt_at: number | null;
  readonly busy: boolean;
  readonly more: boolean;
  readonly next_due_in: number | null;
  readonly parked_count: number;
}

export interface ClaimsOptions {
  readonly pool: ConnectionPool;
  readonly times: Times;
  readonly timers: Timers;
  readonly health: Health;
  readonly nodeId: number;
  /** A node may declare another node dead only after its own heartbeats have succeeded for this long. */
  readonly aliveMs: number;
  /**
   * Notified when a claim starts, with its time by `performance.now`, and when it ends, with whether the log had no
   * more work.
   */
  readonly wakeUps: Pick<WakeUps, "claiming" | "claimed">;
}

/** Takes and renews leases for this node. Only the database records the claims. */
export class Claims {
  readonly #options: ClaimsOptions;
  readonly #batches: Batches<Waiting>;
  /** Claims whose answer was lost. They may exist in the database, and would stay open until their leases expire. */
  #lost: ClaimId[] = [];
  #lastId: number;

  constructor(options: ClaimsOptions) {
    this.#options = options;
    this.#lastId = options.nodeId * CLAIMS_PER_NODE;
    this.#batches = new Batches({ timers: options.timers, take: takeBatch, run: (batch) => this.#run(batch) });
  }

  claim(wants: readonly ClaimWant[], leaseMs: number): Promise<readonly Claim[]> {
    if (wants.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => this.#batches.add({ wants, leaseMs, resolve, reject }));
  }

  idle(): Promise<void> {
    return this.#batches.idle();
  }

  async renew(ids: readonly ClaimId[], leaseMs: number): Promise<readonly ClaimId[]> {
    if (ids.length === 0) return [];
    const { pool, times, nodeId } = this.#options;
    const rows = await pool.query<{ id: ClaimId }>(
      "SELECT id FROM ringback.renew_claims($1, $2, $3, $4::bigint[])",
      [times.at(), nodeId, leaseMs, ids],
      "renew",
    );
    const held = new Set(rows.map(({ id }) => id));
    return ids.filter((id) => held.has(id));
  }

  /** Every lease of this node ends now; others may take what is left. */
  async abandonAll(): Promise<void> {
    await this.#abandon(null);
  }

  async #run(batch: readonly Waiting[]): Promise<void> {
    const requested = batch.flatMap(({ wants }) => wants.map((want) => ({ id: ++this.#lastId as ClaimId, want })));
    const { wakeUps, health } = this.#options;
    const requestedAtMs = performance.now();
    for (const { want } of requested) if (want.fromLog) wakeUps.claiming(want.subscriptionId, requestedAtMs);
    try {
      if (this.#lost.length > 0) {
        const lost = this.#lost;
        await this.#abandon(lost);
        this.#lost = this.#lost.slice(lost.length);
      }
      const claims = await this.#claimAll(requested, batch[0]?.leaseMs ?? 0);
      for (const [index, { want }] of requested.entries()) {
        if (want.fromLog) wakeUps.claimed(want.subscriptionId, requestedAtMs, claims[index]?.more === false);
      }
      let next = 0;
      for (const { wants, resolve } of batch) {
        resolve(claims.slice(next, next + wants.length));
        next += wants.length;
      }
    } catch (error) {
      health.failed(error);
      for (const { want } of requested) if (want.fromLog) wakeUps.claimed(want.subscriptionId, requestedAtMs, false);
      this.#lost.push(...requested.map(({ id }) => id));
      for (const { reject } of batch) reject(error);
    }
  }

  /**
   * Subscriptions that another node is claiming from are requested a second time, after the others, and then waited
   * for.
   */
  async #claimAll(requested: readonly RequestedClaim[], leaseMs: number): Promise<readonly Claim[]> {
    // Alone it keeps nothing waiting, so it need not ask twice.
    const claims = await this.#request(requested, leaseMs, requested.length === 1);
    const busy = requested
      .map((each, index) => ({ ...each, index }))
      .filter(({ index }) => claims[index] === null)
      .sort((a, b) => a.want.subscriptionId - b.want.subscriptionId);
    if (busy.length > 0) {
      const late = await this.#request(busy, leaseMs, true);
      for (const [lateIndex, { index }] of busy.entries()) claims[index] = late[lateIndex] ?? null;
    }
    return claims.map((claim, index) => claim ?? emptyClaim(requested[index] as RequestedClaim));
  }

  async #request(requested: readonly RequestedClaim[], leaseMs: number, wait: boolean): Promise<(Claim | null)[]> {
    const { pool, times, nodeId, aliveMs } = this.#options;
    const rows = await pool.query<ClaimRow>(
      sql,
      [
        times.at(),
        nodeId,
        leaseMs,
        wait,
        postgresLimits.scanMessagesMax,
        postgresLimits.poolPassedMax,
        postgresLimits.claimRetryMs,
        aliveMs,
        requested.map(({ id }) => id),
        requested.map(({ want }) => want.subscriptionId),
        requested.map(({ want }) => want.deliveriesMax),
        requested.map(({ want }) => want.bytesMax),
        requested.map(({ want }) => want.fromLog),
      ],
      "claim",
    );
    const nowMs = times.about();
    const claims: (Claim | null)[] = [];
    let deliveries: ClaimedDelivery[] = [];
    for (const row of rows) {
      if (row.seq !== null) {
        deliveries.push(toDelivery(row));
        continue;
      }
      const wantIndex = row.want - 1;
      claims[wantIndex] = row.busy ? null : toClaim(requested[wantIndex] as RequestedClaim, deliveries, row, nowMs);
      deliveries = [];
    }
    return claims;
  }

  async #abandon(ids: readonly ClaimId[] | null): Promise<void> {
    const { pool, nodeId } = this.#options;
    await pool.query("SELECT ringback.abandon_claims($1, $2::bigint[])", [nodeId, ids], "abandon");
  }
}

const sql = `SELECT * FROM ringback.claim($1, $2, $3, $4, $5, $6, $7, $8, $9::bigint[], $10::bigint[], $11::integer[],
  $12::bigint[], $13::boolean[])`;

/** One call to the database has one lease. */
function takeBatch(waiting: Waiting[]): Waiting[] {
  const leaseMs = waiting[0]?.leaseMs;
  let wants = 0;
  let count = 0;
  for (const each of waiting) {
    if (each.leaseMs !== leaseMs || (count > 0 && wants + each.wants.length > postgresLimits.wantsMax)) break;
    wants += each.wants.length;
    count++;
  }
  return waiting.splice(0, count);
}

function toDelivery(row: ClaimRow): ClaimedDelivery {
  const message: Message = toMessage(row.topic_id, row);
  return {
    message,
    attemptsMade: row.attempts,
    retriesMade: row.retries,
    firstAttemptAtMs: row.first_attempt_at,
  };
}

function toClaim({ id, want }: RequestedClaim, deliveries: ClaimedDelivery[], row: ClaimRow, nowMs: TimeMs): Claim {
  return {
    id,
    subscriptionId: want.subscriptionId,
    // Within a claim they are side by side, wherever they came from.
    deliveries: deliveries.sort((a, b) => a.message.seq - b.message.seq),
    more: row.more,
    nextDueAtMs: row.next_due_in === null ? null : nowMs + row.next_due_in,
    parkedCount: row.parked_count,
  };
}

function emptyClaim({ id, want }: RequestedClaim): Claim {
  const { subscriptionId } = want;
  return { id, subscriptionId, deliveries: [], more: false, nextDueAtMs: null, parkedCount: 0 };
}
