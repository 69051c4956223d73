import type { Seq, TimeMs } from "../../domain/model.ts";
import type { DeadLetter } from "../records.ts";

interface KeptLetter {
  readonly id: number;
  letter: DeadLetter;
  /** A redriven dead letter is not listed; it is listed again under its id when its delivery is given up again. */
  isRedriven: boolean;
}

/** The dead letters of one subscription, in order of id. */
export class DeadLetters {
  readonly #kept = new Map<number, KeptLetter>();
  #redrivenCount = 0;

  get listedCount(): number {
    return this.#kept.size - this.#redrivenCount;
  }

  put(id: number, letter: Omit<DeadLetter, "id">): void {
    const kept = this.#kept.get(id);
    const full = { id: String(id), ...letter };
    if (kept === undefined) this.#kept.set(id, { id, letter: full, isRedriven: false });
    else {
      kept.letter = full;
      this.setRedriven(id, false);
    }
  }

  get(id: number): DeadLetter | null {
    const kept = this.#kept.get(id);
    return kept === undefined || kept.isRedriven ? null : kept.letter;
  }

  /** Listed dead letters, oldest first. */
  *listed(): IterableIterator<KeptLetter> {
    for (const kept of this.#kept.values()) if (!kept.isRedriven) yield kept;
  }

  ofMessage(seq: Seq): DeadLetter | null {
    let found: DeadLetter | null = null;
    for (const { letter } of this.listed()) if (letter.message.seq === seq) found = letter;
    return found;
  }

  setRedriven(id: number, isRedriven: boolean): void {
    const kept = this.#kept.get(id);
    if (kept === undefined || kept.isRedriven === isRedriven) return;
    kept.isRedriven = isRedriven;
    this.#redrivenCount += isRedriven ? 1 : -1;
  }

  delete(id: number): void {
    this.setRedriven(id, false);
    this.#kept.delete(id);
  }

  /** Removes listed dead letters that died before a time. Returns how many. */
  trim(beforeMs: TimeMs, countMax: number): number {
    let count = 0;
    for (const { id, letter } of this.listed()) {
      if (count === countMax) break;
      if (letter.diedAtMs >= beforeMs) continue;
      this.delete(id);
      count++;
    }
    return count;
  }
}
