import type { Attempt, Seq, TimeMs } from "../../domain/model.ts";

export interface KeptAttempt {
  readonly id: number;
  readonly seq: Seq;
  readonly attempt: Attempt;
}

/** The attempts of one subscription, in order of id. */
export class AttemptRecords {
  #kept: KeptAttempt[] = [];
  readonly #bySeq = new Map<Seq, Attempt[]>();

  add(kept: KeptAttempt): void {
    this.#kept.push(kept);
    const attempts = this.#bySeq.get(kept.seq);
    if (attempts === undefined) this.#bySeq.set(kept.seq, [kept.attempt]);
    else attempts.push(kept.attempt);
  }

  of(seq: Seq): readonly Attempt[] {
    return this.#bySeq.get(seq) ?? [];
  }

  /** The newest attempts before an id, newest first. */
  before(id: number, countMax: number, isWanted: (attempt: Attempt) => boolean): readonly KeptAttempt[] {
    const found: KeptAttempt[] = [];
    for (let index = this.#kept.length - 1; index >= 0 && found.length < countMax; index--) {
      const kept = this.#kept[index] as KeptAttempt;
      if (kept.id < id && isWanted(kept.attempt)) found.push(kept);
    }
    return found;
  }

  /** Removes the oldest attempts that started before a time. Returns how many. */
  trim(beforeMs: TimeMs, countMax: number): number {
    let count = 0;
    while (count < countMax && (this.#kept[count]?.attempt.startedAtMs ?? Infinity) < beforeMs) {
      const { seq } = this.#kept[count] as KeptAttempt;
      const attempts = this.#bySeq.get(seq);
      attempts?.shift();
      if (attempts?.length === 0) this.#bySeq.delete(seq);
      count++;
    }
    if (count > 0) this.#kept = this.#kept.slice(count);
    return count;
  }
}
