import { isInternalName, isInternalTopic } from "../domain/internal-names.ts";
import type { AccountId, Topic, TopicId } from "../domain/model.ts";
import { foldCase } from "../domain/names.ts";
import { topicNumber } from "../domain/topic-number.ts";
import { NameIndex } from "./name-index.ts";

/** Whether a subscription with this name is listed and counted. */
export const isListed = (name: string): boolean => !isInternalName(name);
const isListedTopic = (name: string): boolean => !isInternalTopic(name);

/** Topics in memory, indexed by number, by name, and by name in any letter case. */
export class TopicIndex<T extends { readonly topic: Topic }> {
  readonly #byNumber = new Map<number, T>();
  readonly #accounts = new Map<AccountId, NameIndex<T>>();
  /** Topics whose names differ only in case. */
  readonly #folded = new Map<string, readonly T[]>();

  get(id: TopicId): T | undefined {
    const entry = this.#byNumber.get(topicNumber(id));
    return entry?.topic.id === id ? entry : undefined;
  }

  withNumber(number: number): T | undefined {
    return this.#byNumber.get(number);
  }

  /** The topics in the order in which they were added. */
  values(): IterableIterator<T> {
    return this.#byNumber.values();
  }

  ofAccount(accountId: AccountId): NameIndex<T> {
    let topics = this.#accounts.get(accountId);
    if (topics === undefined) this.#accounts.set(accountId, (topics = new NameIndex(isListedTopic)));
    return topics;
  }

  /** Prefers the topic with exactly this name. */
  findAnyCase(accountId: AccountId, name: string): T | undefined {
    return this.ofAccount(accountId).get(name) ?? this.#folded.get(foldedKey(accountId, name))?.[0];
  }

  get listedCount(): number {
    let count = 0;
    for (const topics of this.#accounts.values()) count += topics.listedCount;
    return count;
  }

  add(entry: T): void {
    const { id, accountId, name } = entry.topic;
    this.#byNumber.set(topicNumber(id), entry);
    this.ofAccount(accountId).set(name, entry);
    const folded = foldedKey(accountId, name);
    this.#folded.set(folded, [...(this.#folded.get(folded) ?? []), entry]);
  }

  remove(entry: T): void {
    const { id, accountId, name } = entry.topic;
    this.#byNumber.delete(topicNumber(id));
    this.ofAccount(accountId).delete(name);
    const folded = foldedKey(accountId, name);
    const left = this.#folded.get(folded)?.filter((other) => other !== entry) ?? [];
    if (left.length === 0) this.#folded.delete(folded);
    else this.#folded.set(folded, left);
  }
}

function foldedKey(accountId: AccountId, name: string): string {
  return `${accountId} ${foldCase(name)}`;
}
