import { RingbackError } from "../../domain/errors.ts";
import type { SubscriptionId, TimeMs } from "../../domain/model.ts";
import type { Timers } from "../../domain/ports.ts";
import type { Settled, Settlement } from "../log.ts";
import type { StoreObserver } from "../store.ts";
import { BackOff } from "./back-off.ts";
import { Batches } from "./batches.ts";
import { packBytes } from "./columns.ts";
import type { ConnectionPool } from "./database.ts";
import { isStorageFailure, type Health } from "./health.ts";
import { postgresLimits } from "./postgres-limits.ts";
import { verdictCodes } from "../record-rows.ts";
import { assertStorable } from "../settlement-rule.ts";
import type { Times } from "./times.ts";

interface Waiting {
  readonly settlements: readonly Settlement[];
  readonly resolve: (applied: number) => void;
  readonly reject: (error: unknown) => void;
}

interface SettledRow {
  readonly settlement: number;
  readonly ordered: boolean;
}

/** Subscriptions that may have work after a batch, and subscriptions with deliveries that this node has released. */
export interface SettledEvent {
  readonly ready: ReadonlySet<SubscriptionId>;
  readonly released: ReadonlySet<SubscriptionId>;
}

const kinds: Readonly<Record<Settled["kind"], number>> = { delivered: 0, parked: 1, held: 2, dead: 3, released: 4 };

/** Writes outcomes, many in one round trip, and keeps them until the database takes them. */
export class Settlements {
  readonly #options: {
    pool: ConnectionPool;
    times: Times;
    health: Health;
    observer: StoreObserver;
    nodeId: number;
    settled: (event: SettledEvent) => void;
  };
  readonly #batches: Batches<Waiting>;
  readonly #backOff: BackOff;
  #closing = false;

  constructor(options: {
    pool: ConnectionPool;
    times: Times;
    timers: Timers;
    health: Health;
    observer: StoreObserver;
    nodeId: number;
    settled: (event: SettledEvent) => void;
  }) {
    this.#options = options;
    this.#backOff = new BackOff(options.timers);
    this.#batches = new Batches({ timers: options.timers, take: takeBatch, run: (batch) => this.#run(batch) });
  }

  async settle(settlements: readonly Settlement[]): Promise<number> {
    for (const settlement of settlements) assertStorable(settlement);
    if (settlements.length === 0) return 0;
    return new Promise((resolve, reject) => this.#batches.add({ settlements, resolve, reject }));
  }

  /** From here on nothing is tried again. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#backOff.stop();
    await this.#batches.idle();
  }

  async #run(batch: readonly Waiting[]): Promise<void> {
    for (;;) {
      try {
        await this.#write(batch);
        this.#backOff.reset();
        return;
      } catch (error) {
        this.#options.health.failed(error);
        if (!isStorageFailure(error)) return this.#runAlone(batch, error);
        if (this.#closing) {
          const gone = new RingbackError("shutting_down", undefined, { cause: error });
          for (const { reject } of batch) reject(gone);
          return;
        }
        // A connection may break after the database has taken them; then the next try finds nothing left to settle.
        await this.#backOff.wait();
      }
    }
  }

  /** One of them cannot be stored: the others shall not go with it. */
  async #runAlone(batch: readonly Waiting[], error: unknown): Promise<void> {
    if (batch.length === 1) {
      batch[0]?.reject(error);
      return;
    }
    for (const each of batch) await this.#run([each]);
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const { pool, times, health, observer, nodeId, settled } = this.#options;
    const { chosen, owners } = distinct(batch);
    const startedMs = performance.now();
    const rows = await pool.query<SettledRow>(sql, parameters(chosen, nodeId, times), "settle");
    health.wrote();
    observer.commit((performance.now() - startedMs) / 1_000, batch.length);
    const applied = batch.map(() => 0);
    const ready = new Set<SubscriptionId>();
    const released = new Set<SubscriptionId>();
    for (const row of rows) {
      const index = row.settlement - 1;
      const owner = owners[index] as number;
      applied[owner] = (applied[owner] as number) + 1;
      const { settled: how, subscriptionId } = chosen[index] as Settlement;
      if (row.ordered || how.kind !== "delivered") ready.add(subscriptionId);
      if (how.kind === "released") released.add(subscriptionId);
    }
    settled({ ready, released });
    for (const [index, { resolve }] of batch.entries()) resolve(applied[index] as number);
  }
}

/** The first word about a delivery counts. `owners`: the call that each came with. */
function distinct(batch: readonly Waiting[]): { readonly chosen: Settlement[]; readonly owners: number[] } {
  const chosen: Settlement[] = [];
  const owners: number[] = [];
  const seen = new Set<string>();
  for (const [owner, { settlements }] of batch.entries()) {
    for (const settlement of settlements) {
      const delivery = `${settlement.claimId} ${settlement.delivery.message.seq}`;
      if (seen.has(delivery)) continue;
      seen.add(delivery);
      chosen.push(settlement);
      owners.push(owner);
    }
  }
  return { chosen, owners };
}

function takeBatch(waiting: Waiting[]): Waiting[] {
  let settlements = 0;
  let count = 0;
  for (const each of waiting) {
    if (count > 0 && settlements + each.settlements.length > postgresLimits.settlementsMax) break;
    settlements += each.settlements.length;
    count++;
  }
  return waiting.splice(0, count);
}

/** Begins the clock as a POST does, without a line in the attempt record. */
function pulledAtMs(settled: Settled): TimeMs | null {
  return settled.kind === "parked" ? (settled.firstAttemptAtMs ?? null) : null;
}

const sql = `SELECT * FROM ringback.settle($1, $2, $3::bigint[], $4::bigint[], $5::bigint[], $6::integer[], $7::bigint[],
  $8::smallint[], $9::bigint[], $10::bigint[], $11::text[], $12::text[], $13::bigint[], $14::bigint[], $15::bigint[],
  $16::smallint[], $17::bigint[], $18::text[], $19::integer[], $20::integer[], $21)`;

function parameters(settlements: readonly Settlement[], nodeId: number, times: Times): unknown[] {
  const nowMs = times.about();
  const exceptional = new Set<SubscriptionId>();
  for (const { settled, subscriptionId } of settlements)
    if (settled.kind !== "delivered") exceptional.add(subscriptionId);
  const replies = packBytes(settlements.map(({ attempt }) => attempt?.reply ?? null));
  return [
    times.at(),
    nodeId,
    [...exceptional],
    settlements.map(({ claimId }) => claimId),
    settlements.map(({ subscriptionId }) => subscriptionId),
    settlements.map(({ delivery }) => delivery.message.topicId),
    settlements.map(({ delivery }) => delivery.message.seq),
    settlements.map(({ settled }) => kinds[settled.kind]),
    settlements.map(({ settled }) => (settled.kind === "parked" ? settled.dueAtMs - nowMs : null)),
    settlements.map(({ settled }) => (settled.kind === "parked" ? settled.retriesMade : null)),
    settlements.map(({ settled }) => (settled.kind === "dead" ? settled.reason : null)),
    settlements.map(({ delivery }) => delivery.message.orderingKey),
    settlements.map(({ attempt }) => attempt?.attempt ?? null),
    settlements.map(({ attempt, settled }) => attempt?.startedAtMs ?? pulledAtMs(settled)),
    settlements.map(({ attempt }) => attempt?.durationMs ?? null),
    settlements.map(({ attempt }) => (attempt === null ? null : verdictCodes.indexOf(attempt.verdict))),
    settlements.map(({ attempt }) => attempt?.status ?? null),
    settlements.map(({ attempt }) => attempt?.errorCode ?? null),
    replies.offsets,
    replies.sizes,
    replies.bytes,
  ];
}
