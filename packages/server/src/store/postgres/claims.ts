import type { TimeMs, TopicId } from "../../domain/model.ts";
import type { Claim, ClaimedDelivery, ClaimId, ClaimWant } from "../log.ts";
import { apartMember } from "../record-rows.ts";
import { Batches, type Choice } from "./batches.ts";
import { ClaimIds } from "./claim-ids.ts";
import { call } from "./connection.ts";
import { postgresLimits } from "./postgres-limits.ts";
import { toMessage, type MessageRow } from "./columns.ts";
import type { StoreContext } from "./store-context.ts";

interface Request {
  readonly wants: readonly ClaimWant[];
  readonly leaseMs: number;
}

interface RequestedClaim {
  readonly id: ClaimId;
  readonly want: ClaimWant;
}

interface ClaimRow extends MessageRow {
  readonly want: number;
  /** null in the last row of each request. That row contains the fields of the claim itself. */
  readonly seq: number;
  readonly topic_id: TopicId;
  readonly attempts: number;
  readonly retries: number;
  readonly first_attempt_at: number | null;
  readonly apart: boolean;
  readonly busy: boolean;
  readonly more: boolean;
  readonly next_due_in: number | null;
  readonly parked_count: number;
}

/** Makes claims for this node and renews their leases. Only the database stores the claims. */
export class Claims extends Batches<Request, readonly Claim[]> {
  readonly #context: StoreContext;
  /** Claims that nothing uses. They may exist in the database, and would stay open until their leases expire. */
  #lost: ClaimId[] = [];
  readonly #ids: ClaimIds;

  constructor(context: StoreContext) {
    super(context.timers);
    this.#context = context;
    this.#ids = new ClaimIds(context.nodeId, async () => {
      const sql = "SELECT nextval('ringback.node_id_seq') AS range";
      const [row] = await context.database.rest.query<{ range: number }>(sql);
      return (row as { range: number }).range;
    });
  }

  async claim(wants: readonly ClaimWant[], leaseMs: number): Promise<readonly Claim[]> {
    return wants.length === 0 ? [] : this.add({ wants, leaseMs });
  }

  async renew(ids: readonly ClaimId[], leaseMs: number): Promise<readonly ClaimId[]> {
    if (ids.length === 0) return [];
    const { database, times, nodeId } = this.#context;
    const values = [times.at(), nodeId, leaseMs, ids];
    const rows = await call<{ id: ClaimId }>(database.hot, "renew_claims", values);
    const held = new Set(rows.map(({ id }) => id));
    return ids.filter((id) => held.has(id));
  }

  /**
   * Ends the leases of these claims, so that other nodes need not wait until the leases expire. `ids` null: all claims
   * of this node.
   */
  async abandon(ids: readonly ClaimId[] | null): Promise<void> {
    const { database, nodeId } = this.#context;
    await call(database.hot, "abandon_claims", [nodeId, ids]);
  }

  /** Ends these claims before the next claim is made, so that it gets their deliveries. */
  release(ids: readonly ClaimId[]): void {
    this.#lost.push(...new Set(ids));
  }

  /** Requests in a batch have equal lease durations, because one call to the database has only one duration. */
  protected override begin(): (request: Request) => Choice {
    let firstLeaseMs: number | null = null;
    let count = 0;
    return ({ wants, leaseMs }) => {
      const isFull = count > 0 && count + wants.length > postgresLimits.wantsMax;
      firstLeaseMs ??= leaseMs;
      count += wants.length;
      return isFull || leaseMs !== firstLeaseMs ? "end" : "join";
    };
  }

  protected override async run(batch: readonly Request[]): Promise<readonly (readonly Claim[])[]> {
    const wants = batch.flatMap((request) => request.wants);
    if (!this.#ids.has(wants.length)) await this.#ids.renew();
    const requested = wants.map((want) => ({ id: this.#ids.next(), want }));
    const { wakeUps, health } = this.#context;
    const requestedAtMs = performance.now();
    for (const { want } of requested) if (want.fromLog) wakeUps.claiming(want.subscriptionId, requestedAtMs);
    let claims: readonly Claim[] = [];
    try {
      if (this.#lost.length > 0) {
        const lost = this.#lost;
        await this.abandon(lost);
        this.#lost = this.#lost.slice(lost.length);
      }
      claims = await this.#claimAll(requested, batch[0]?.leaseMs ?? 0);
    } catch (error) {
      health.failed(error);
      this.#lost.push(...requested.map(({ id }) => id));
      throw error;
    } finally {
      for (const [index, { want }] of requested.entries()) {
        if (want.fromLog) wakeUps.claimed(want.subscriptionId, requestedAtMs, claims[index]?.more === false);
      }
    }
    let from = 0;
    return batch.map((request) => claims.slice(from, (from += request.wants.length)));
  }

  /**
   * A claim skips a subscription from which another node is claiming at that moment. Skipped subscriptions are claimed
   * by a second request, which waits until the other node has finished.
   */
  async #claimAll(requested: readonly RequestedClaim[], leaseMs: number): Promise<readonly Claim[]> {
    // A single request delays no other request, so it waits at once. A request that waits is never reported as busy.
    const claims = await this.#request(requested, leaseMs, requested.length === 1);
    const busy = requested
      .map((each, index) => ({ ...each, index }))
      .filter(({ index }) => claims[index] === null)
      .sort((a, b) => a.want.subscriptionId - b.want.subscriptionId);
    if (busy.length > 0) {
      const late = await this.#request(busy, leaseMs, true);
      for (const [lateIndex, { index }] of busy.entries()) claims[index] = late[lateIndex] as Claim;
    }
    return claims as Claim[];
  }

  async #request(requested: readonly RequestedClaim[], leaseMs: number, wait: boolean): Promise<(Claim | null)[]> {
    const { database, times, nodeId, aliveMs } = this.#context;
    const rows = await call<ClaimRow>(database.hot, "claim", [
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
    ]);
    const nowMs = times.about();
    const claims: (Claim | null)[] = [];
    let deliveries: ClaimedDelivery[] = [];
    for (const row of rows) {
      if (row.seq !== null) {
        const { attempts: attemptsMade, retries: retriesMade, first_attempt_at: firstAttemptAtMs } = row;
        const counts = { attemptsMade, retriesMade, firstAttemptAtMs, ...apartMember(row.apart) };
        deliveries.push({ message: toMessage(row.topic_id, row), ...counts });
        continue;
      }
      const wantIndex = row.want - 1;
      claims[wantIndex] = row.busy ? null : toClaim(requested[wantIndex] as RequestedClaim, deliveries, row, nowMs);
      deliveries = [];
    }
    return claims;
  }
}

function toClaim({ id, want }: RequestedClaim, deliveries: ClaimedDelivery[], row: ClaimRow, nowMs: TimeMs): Claim {
  return {
    id,
    subscriptionId: want.subscriptionId,
    // Deliveries from the log and parked deliveries are merged in order of position.
    deliveries: deliveries.sort((a, b) => a.message.seq - b.message.seq),
    more: row.more,
    nextDueAtMs: row.next_due_in === null ? null : nowMs + row.next_due_in,
    parkedCount: row.parked_count,
  };
}
