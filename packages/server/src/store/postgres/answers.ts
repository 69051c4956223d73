import type { SubscriptionId } from "../../domain/model.ts";
import type { Timers } from "../../domain/ports.ts";
import type { PulledSettlement } from "../log.ts";
import type { StoreObserver } from "../store.ts";
import { assertAnswerStorable, firstAnswers } from "../settlement-rule.ts";
import { Batches } from "./batches.ts";
import { packBytes } from "./columns.ts";
import type { ConnectionPool } from "./database.ts";
import type { Health } from "./health.ts";
import { postgresLimits } from "./postgres-limits.ts";
import { verdictCodes } from "../record-rows.ts";
import type { Times } from "./times.ts";

interface Waiting {
  readonly id: SubscriptionId;
  readonly answers: readonly PulledSettlement[];
  readonly resolve: (applied: readonly boolean[]) => void;
  readonly reject: (error: unknown) => void;
}

interface Chosen {
  readonly id: SubscriptionId;
  readonly said: PulledSettlement;
}

/**
 * Settles pulled deliveries as their receivers answer, many answers in one round trip. A receiver waits for the result,
 * so a failed write is reported and not retried.
 */
export class Answers {
  readonly #options: {
    pool: ConnectionPool;
    times: Times;
    health: Health;
    observer: StoreObserver;
    ready: (ids: readonly SubscriptionId[]) => void;
  };
  readonly #batches: Batches<Waiting>;

  constructor(options: {
    pool: ConnectionPool;
    times: Times;
    timers: Timers;
    health: Health;
    observer: StoreObserver;
    /** Something can be claimed, or sooner than it could. */
    ready: (ids: readonly SubscriptionId[]) => void;
  }) {
    this.#options = options;
    this.#batches = new Batches({ timers: options.timers, take: takeBatch, run: (batch) => this.#run(batch) });
  }

  async answer(id: SubscriptionId, answers: readonly PulledSettlement[]): Promise<readonly boolean[]> {
    for (const answer of answers) assertAnswerStorable(answer);
    const results = answers.map(() => false);
    const indexes = firstAnswers(answers);
    if (indexes.length === 0) return results;
    const chosen = indexes.map((index) => answers[index] as PulledSettlement);
    const applied = await new Promise<readonly boolean[]>((resolve, reject) =>
      this.#batches.add({ id, answers: chosen, resolve, reject }),
    );
    for (const [position, index] of indexes.entries()) results[index] = applied[position] === true;
    return results;
  }

  idle(): Promise<void> {
    return this.#batches.idle();
  }

  async #run(batch: readonly Waiting[]): Promise<void> {
    try {
      await this.#write(batch);
    } catch (error) {
      this.#options.health.failed(error);
      for (const { reject } of batch) reject(error);
    }
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const { pool, times, health, observer, ready } = this.#options;
    const chosen = batch.flatMap(({ id, answers }) => answers.map((said) => ({ id, said })));
    const startedMs = performance.now();
    const rows = await pool.query<{ answer: number; unblocked: boolean }>(
      sql,
      parameters(chosen, times),
      "settle_pulled",
    );
    health.wrote();
    observer.commit((performance.now() - startedMs) / 1_000, batch.length);
    const applied = chosen.map(() => false);
    const awake = new Set<SubscriptionId>();
    for (const { answer, unblocked } of rows) {
      const { id, said } = chosen[answer - 1] as Chosen;
      applied[answer - 1] = true;
      if (unblocked || said.answer.kind === "due") awake.add(id);
    }
    if (awake.size > 0) ready([...awake]);
    let from = 0;
    for (const { answers, resolve } of batch) resolve(applied.slice(from, (from += answers.length)));
  }
}

/** A second word about a delivery has to see what became of the first: it waits for the next batch. */
function takeBatch(waiting: Waiting[]): Waiting[] {
  const said = new Set<string>();
  let count = 0;
  for (const { id, answers } of waiting) {
    const deliveries = answers.map(({ pulled }) => `${id} ${pulled.seq}`);
    if (count > 0 && said.size + answers.length > postgresLimits.settlementsMax) break;
    if (deliveries.some((delivery) => said.has(delivery))) break;
    for (const delivery of deliveries) said.add(delivery);
    count++;
  }
  return waiting.splice(0, count);
}

const sql = `SELECT * FROM ringback.settle_pulled($1, $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
  $7::bigint[], $8::bigint[], $9::bigint[], $10::smallint[], $11::bigint[], $12::text[], $13::integer[], $14::integer[], $15)`;

function parameters(chosen: readonly Chosen[], times: Times): unknown[] {
  const nowMs = times.about();
  const attempts = chosen.map(({ said: { answer } }) => (answer.kind === "delivered" ? answer.attempt : null));
  const replies = packBytes(attempts.map((attempt) => attempt?.reply ?? null));
  return [
    times.at(),
    chosen.map(({ id }) => id),
    chosen.map(({ said }) => said.pulled.seq),
    chosen.map(({ said }) => said.pulled.retriesMade),
    chosen.map(({ said }) => said.pulled.firstAttemptAtMs),
    chosen.map(({ said: { answer } }) => (answer.kind === "due" ? answer.dueAtMs - nowMs : null)),
    attempts.map((attempt) => attempt?.attempt ?? null),
    attempts.map((attempt) => attempt?.startedAtMs ?? null),
    attempts.map((attempt) => attempt?.durationMs ?? null),
    attempts.map((attempt) => (attempt === null ? null : verdictCodes.indexOf(attempt.verdict))),
    attempts.map((attempt) => attempt?.status ?? null),
    attempts.map((attempt) => attempt?.errorCode ?? null),
    replies.offsets,
    replies.sizes,
    replies.bytes,
  ];
}
