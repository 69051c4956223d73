import { RingbackError } from "../../domain/errors.ts";
import type { SubscriptionId } from "../../domain/model.ts";
import type { Settled, Settlement } from "../log.ts";
import { assertStorable } from "../settlement-rule.ts";
import { BackOff } from "./back-off.ts";
import { Batches, distinctKeys, type Choice } from "./batches.ts";
import { attemptColumns } from "./columns.ts";
import { isStorageFailure } from "./health.ts";
import { postgresLimits } from "./postgres-limits.ts";
import { commit, type StoreContext } from "./store-context.ts";

type Request = readonly Settlement[];

interface SettledRow {
  readonly settlement: number;
  readonly ordered: boolean;
}

const kinds: Readonly<Record<Settled["kind"], number>> = { delivered: 0, parked: 1, held: 2, dead: 3, released: 4 };

/**
 * Writes outcomes of deliveries, many in one round trip. When the database cannot store them, the calls
 * are retried until it can, or fail at once.
 */
export class Settlements extends Batches<Request, number> {
  readonly #context: StoreContext;
  readonly #backOff: BackOff;
  readonly #whenRefused: "wait" | "fail";

  constructor(context: StoreContext, whenRefused: "wait" | "fail") {
    super(context.timers);
    this.#context = context;
    this.#whenRefused = whenRefused;
    this.#backOff = new BackOff(context.timers);
  }

  async settle(settlements: readonly Settlement[]): Promise<number> {
    for (const settlement of settlements) assertStorable(settlement);
    // Only the first settlement of a delivery is applied.
    const seen = new Set<string>();
    const distinct = settlements.filter((each) => seen.size < seen.add(keyOf(each)).size);
    return distinct.length === 0 ? 0 : this.add(distinct);
  }

  /** Stops retries, and waits for the calls that are under way. */
  override close(): Promise<void> {
    this.#backOff.stop();
    return super.close();
  }

  protected override begin(): (request: Request) => Choice {
    return distinctKeys((request) => request.map(keyOf), postgresLimits.settlementsMax);
  }

  protected override async run(batch: readonly Request[]): Promise<readonly (number | Error)[]> {
    for (;;) {
      try {
        const applied = await this.#write(batch);
        this.#backOff.reset();
        return applied;
      } catch (error) {
        if (!isStorageFailure(error)) return this.#runAlone(batch, error as Error);
        if (this.#whenRefused === "fail") throw error;
        if (this.#backOff.isStopped) throw new RingbackError("shutting_down", undefined, { cause: error });
        // If the connection broke after the database wrote the batch, the next try finds no delivery to settle.
        await this.#backOff.wait();
      }
    }
  }

  /** Writes the requests separately, because one request that cannot be stored must not fail the others. */
  async #runAlone(batch: readonly Request[], error: Error): Promise<readonly (number | Error)[]> {
    if (batch.length === 1) return [error];
    const results: (number | Error)[] = [];
    for (const each of batch) results.push(...(await this.run([each]).catch((failure: Error) => [failure])));
    return results;
  }

  async #write(batch: readonly Request[]): Promise<number[]> {
    const { times, nodeId, wakeUps, readyHere } = this.#context;
    const settlements = batch.flat();
    const rows = await commit<SettledRow>(
      this.#context,
      "settle",
      parameters(settlements, nodeId, times),
      batch.length,
    );
    const applied = new Set<Settlement>();
    const ready = new Set<SubscriptionId>();
    const released = new Set<SubscriptionId>();
    for (const row of rows) {
      const settlement = settlements[row.settlement - 1] as Settlement;
      const { settled: how, subscriptionId } = settlement;
      applied.add(settlement);
      if (row.ordered || how.kind !== "delivered") ready.add(subscriptionId);
      if (how.kind === "released") released.add(subscriptionId);
    }
    if (ready.size > 0) readyHere.notify([...ready]);
    for (const id of released) wakeUps.ready(id);
    return batch.map((request) => request.filter((settlement) => applied.has(settlement)).length);
  }
}

function keyOf({ claimId, delivery }: Settlement): string {
  return `${claimId} ${delivery.message.seq}`;
}

function parameters(settlements: readonly Settlement[], nodeId: number, times: StoreContext["times"]): unknown[] {
  const nowMs = times.about();
  const exceptional = new Set<SubscriptionId>();
  for (const { settled, subscriptionId } of settlements)
    if (settled.kind !== "delivered") exceptional.add(subscriptionId);
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
    settlements.map(({ settled }) => (settled.kind === "parked" ? (settled.firstAttemptAtMs ?? null) : null)),
    ...attemptColumns(settlements.map(({ attempt }) => attempt)),
  ];
}
