import type { Seq, SubscriptionId } from "../../domain/model.ts";
import type { PulledSettlement } from "../log.ts";
import { assertAnswerStorable, firstAnswers } from "../settlement-rule.ts";
import { AnswerList, type AnswerOutcomes } from "./answer-columns.ts";
import { emptyWork } from "./settle-work.ts";
import type { StoreContext } from "./store-context.ts";
import type { SubscriptionEntry } from "./subscription-entry.ts";

/**
 * Applies receivers' answers to deliveries that they pulled. Only the database row shows whether a delivery is
 * unchanged since the pull, so the commit decides about each answer. Until then no claim takes a delivery with a
 * pending answer.
 */
export async function settleAnswers(
  context: StoreContext,
  id: SubscriptionId,
  answers: readonly PulledSettlement[],
): Promise<readonly boolean[]> {
  for (const answer of answers) assertAnswerStorable(answer);
  const results = answers.map(() => false);
  const entry = context.index.subscriptions.get(id);
  if (entry === undefined) return results;
  const indexes = firstAnswers(answers).filter((at) => !entry.open.has((answers[at] as PulledSettlement).pulled.seq));
  if (indexes.length === 0) return results;
  const chosen = indexes.map((at) => answers[at] as PulledSettlement);
  const { applied } = await commit(context, entry, chosen);
  for (const [position, at] of indexes.entries()) results[at] = applied[position] === 1;
  return results;
}

function commit(
  context: StoreContext,
  entry: SubscriptionEntry,
  chosen: readonly PulledSettlement[],
): Promise<AnswerOutcomes> {
  const list = new AnswerList();
  const answeredAtMs = context.clock.now();
  for (const answer of chosen) list.add(entry.topic.topic.id, entry.id, answer, answeredAtMs);
  const seqs = chosen.map(({ pulled }) => pulled.seq);
  entry.addPendingAnswers(seqs);
  return new Promise((resolve, reject) => {
    context.commits.settle({
      ...emptyWork(),
      isUrgent: true,
      answers: list,
      answered: (outcomes) => {
        apply(context, entry, chosen, outcomes);
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
  chosen: readonly PulledSettlement[],
  { applied, freed }: AnswerOutcomes,
): void {
  const { clock, ready } = context;
  let isReady = freed.length > 0;
  for (const [index, { answer }] of chosen.entries()) {
    if (applied[index] !== 1) continue;
    if (answer.kind === "delivered") entry.parkedCount--;
    else {
      // The new time may be earlier than the time for which a receiver is waiting.
      entry.parkedDueAt(answer.dueAtMs);
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
