import type { SubscriptionId } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import type { PulledSettlement } from "../log.ts";
import { assertAnswerStorable, firstWords } from "../settlement-rule.ts";
import { AnswerList, type AnswerOutcomes } from "./answer-columns.ts";
import type { Catalog, SubscriptionEntry } from "./catalog.ts";
import type { GroupCommit } from "./group-commit.ts";
import { emptyWork } from "./settle-work.ts";

/**
 * What receivers say of what was handed out to them. The row alone knows whether it still is as it was then, so the commit
 * decides; until it has, no claim takes what somebody has spoken of.
 */
export class Answers {
  readonly #catalog: Catalog;
  readonly #commits: GroupCommit;
  readonly #clock: Clock;
  readonly #ready: (entry: SubscriptionEntry) => void;

  constructor(options: {
    catalog: Catalog;
    commits: GroupCommit;
    clock: Clock;
    ready: (entry: SubscriptionEntry) => void;
  }) {
    this.#catalog = options.catalog;
    this.#commits = options.commits;
    this.#clock = options.clock;
    this.#ready = options.ready;
  }

  async answer(id: SubscriptionId, answers: readonly PulledSettlement[]): Promise<readonly boolean[]> {
    for (const answer of answers) assertAnswerStorable(answer);
    const results = answers.map(() => false);
    const entry = this.#catalog.subscriptions.get(id);
    if (entry === undefined) return results;
    const list = new AnswerList();
    const saidAtMs = this.#clock.now();
    const places: number[] = [];
    for (const place of firstWords(answers)) {
      const answer = answers[place] as PulledSettlement;
      if (entry.open.has(answer.pulled.seq)) continue;
      list.add(entry.topic.topic.id, id, answer, saidAtMs);
      places.push(place);
    }
    if (places.length === 0) return results;
    const outcomes = await this.#commit(entry, list);
    for (const [index, place] of places.entries()) results[place] = outcomes.applied[index] === 1;
    return results;
  }

  #commit(entry: SubscriptionEntry, list: AnswerList): Promise<AnswerOutcomes> {
    entry.startAnswering(list);
    return new Promise((resolve, reject) => {
      this.#commits.settle({
        ...emptyWork(),
        isUrgent: true,
        answers: list,
        answered: (outcomes) => {
          this.#apply(entry, list, outcomes);
          this.#stopAnswering(entry, list);
          resolve(outcomes);
        },
        failed: (error) => {
          this.#stopAnswering(entry, list);
          reject(error);
        },
      });
    });
  }

  #apply(entry: SubscriptionEntry, list: AnswerList, { applied, freed }: AnswerOutcomes): void {
    let isReady = freed.length > 0;
    for (let index = 0; index < applied.length; index++) {
      if (applied[index] !== 1) continue;
      const dueAtMs = list.dueAt(index);
      if (dueAtMs === null) entry.parkedCount--;
      else {
        // Sooner than whoever waits may think, or at once.
        entry.parkedDueAt(dueAtMs);
        isReady = true;
      }
    }
    for (const [, orderingKey] of freed) {
      entry.unblockKey(orderingKey);
      entry.parkedDueAt(this.#clock.now());
    }
    if (isReady) this.#ready(entry);
  }

  #stopAnswering(entry: SubscriptionEntry, list: AnswerList): void {
    if (!entry.stopAnswering(list)) return;
    entry.parkedDueAt(this.#clock.now());
    this.#ready(entry);
  }
}
