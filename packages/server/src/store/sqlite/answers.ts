import type { Seq, SubscriptionId } from "../../domain/model.ts";
import type { PulledSettlement } from "../log.ts";
import { assertAnswerStorable, firstAnswers } from "../settlement-rule.ts";
import { AnswerList, type AnswerOutcomes } from "./answer-columns.ts";
import { emptyWork } from "./settle-work.ts";
import type { StoreContext } from "./store-context.ts";
import type { SubscriptionEntry } from "./subscription-entry.ts";

/**
 * Receivers' answers about deliveries that they pulled. Only the row shows whether the delivery is unchanged since the
 * pull, so the commit decides. Until then no claim takes a delivery that an answer is pending for.
 */
export async function settleAnswers(
  context: StoreContext,
  id: SubscriptionId,
  answers: readonly PulledSettlement[],
): Promise<readonly boolean[]> {
  const { index, clock } = context;
  for (const answer of answers) assertAnswerStorable(answer);
  const results = answers.map(() => false);
  const entry = index.subscriptions.get(id);
  if (entry === undefined) return results;
  const list = new AnswerList();
  const answeredAtMs = clock.now();
  const indexes: number[] = [];
  for (const answerIndex of firstAnswers(answers)) {
    const answer = answers[answerIndex] as PulledSettlement;
    if (entry.open.has(answer.pulled.seq)) continue;
    list.add(entry.topic.topic.id, id, answer, answeredAtMs);
    indexes.push(answerIndex);
  }
  if (indexes.length === 0) return results;
  const outcomes = await commit(context, entry, list);
  for (const [position, answerIndex] of indexes.entries()) results[answerIndex] = outcomes.applied[position] === 1;
  return results;
}

function commit(context: StoreContext, entry: SubscriptionEntry, list: AnswerList): Promise<AnswerOutcomes> {
  const seqs = list.seqs();
  entry.addPendingAnswers(seqs);
  return new Promise((resolve, reject) => {
    context.commits.settle({
      ...emptyWork(),
      isUrgent: true,
      answers: list,
      answered: (outcomes) => {
        apply(context, entry, list, outcomes);
        removePending(context, entry, seqs);
        resolve(outcomes);
      },
      failed: (error) => {
        removePending(context, entry, seqs);
        reject(error);
      },
    });
  });
}

function apply(
  context: StoreContext,
  entry: SubscriptionEntry,
  list: AnswerList,
  { applied, freed }: AnswerOutcomes,
): void {
  const { clock, ready } = context;
  let isReady = freed.length > 0;
  for (let index = 0; index < applied.length; index++) {
    if (applied[index] !== 1) continue;
    const dueAtMs = list.dueAt(index);
    if (dueAtMs === null) entry.parkedCount--;
    else {
      // Perhaps sooner than a waiting receiver knows.
      entry.parkedDueAt(dueAtMs);
      isReady = true;
    }
  }
  for (const [, orderingKey] of freed) {
    entry.unblockKey(orderingKey);
    entry.parkedDueAt(clock.now());
  }
  if (isReady) ready.notify([entry.id]);
}

function removePending(context: StoreContext, entry: SubscriptionEntry, seqs: readonly Seq[]): void {
  if (!entry.removePendingAnswers(seqs)) return;
  entry.parkedDueAt(context.clock.now());
  context.ready.notify([entry.id]);
}
