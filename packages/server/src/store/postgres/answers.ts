import type { SubscriptionId } from "../../domain/model.ts";
import type { PulledSettlement } from "../log.ts";
import { assertAnswerStorable, firstAnswers } from "../settlement-rule.ts";
import { Batches, distinctKeys, type Choice } from "./batches.ts";
import { attemptColumns } from "./columns.ts";
import { postgresLimits } from "./postgres-limits.ts";
import { commit, type StoreContext } from "./store-context.ts";

interface Request {
  readonly id: SubscriptionId;
  readonly answers: readonly PulledSettlement[];
}

interface Chosen extends PulledSettlement {
  readonly id: SubscriptionId;
}

/**
 * Settles pulled deliveries when their receivers answer, many answers in one round trip. A receiver waits for the
 * result, so a failed write is reported and not retried.
 */
export class Answers extends Batches<Request, readonly boolean[]> {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    super(context.timers);
    this.#context = context;
  }

  async answer(id: SubscriptionId, answers: readonly PulledSettlement[]): Promise<readonly boolean[]> {
    for (const answer of answers) assertAnswerStorable(answer);
    const results = answers.map(() => false);
    const indexes = firstAnswers(answers);
    if (indexes.length === 0) return results;
    const applied = await this.add({
      id,
      answers: indexes.map((index) => answers[index] as PulledSettlement),
    });
    for (const [position, index] of indexes.entries()) results[index] = applied[position] === true;
    return results;
  }

  protected override begin(): (request: Request) => Choice {
    return distinctKeys(
      ({ id, answers }) => answers.map(({ pulled }) => `${id} ${pulled.seq}`),
      postgresLimits.settlementsMax,
    );
  }

  protected override async run(batch: readonly Request[]): Promise<readonly (readonly boolean[])[]> {
    const { times, ready } = this.#context;
    const chosen = batch.flatMap(({ id, answers }) => answers.map((each) => ({ id, ...each })));
    const rows = await commit<{ answer: number; unblocked: boolean }>(
      this.#context,
      "settle_pulled",
      parameters(chosen, times),
      batch.length,
    );
    const applied = chosen.map(() => false);
    // Subscriptions in which a delivery has become claimable, or will become claimable earlier than without these
    // answers.
    const awake = new Set<SubscriptionId>();
    for (const { answer: number, unblocked } of rows) {
      const { id, answer } = chosen[number - 1] as Chosen;
      applied[number - 1] = true;
      if (unblocked || answer.kind === "due") awake.add(id);
    }
    if (awake.size > 0) ready([...awake]);
    let from = 0;
    return batch.map(({ answers }) => applied.slice(from, (from += answers.length)));
  }
}

function parameters(chosen: readonly Chosen[], times: StoreContext["times"]): unknown[] {
  const nowMs = times.about();
  const attempts = chosen.map(({ answer }) => (answer.kind === "delivered" ? answer.attempt : null));
  return [
    times.at(),
    chosen.map(({ id }) => id),
    chosen.map(({ pulled }) => pulled.seq),
    chosen.map(({ pulled }) => pulled.retriesMade),
    chosen.map(({ pulled }) => pulled.firstAttemptAtMs),
    chosen.map(({ answer }) => (answer.kind === "due" ? answer.dueAtMs - nowMs : null)),
    ...attemptColumns(attempts),
  ];
}
