import { type Linked, LinkedList } from "./linked-list.ts";

/** An idle connection that can make room for another. */
export interface Evictable extends Linked<Evictable> {
  /** Closes it and gives its place in the budget back. */
  evict(): void;
}

/** How many connections there may be in all. When all places are taken, the longest idle connection gives up its own. */
export class ConnectionBudget {
  private readonly connectionsMax: number;
  private open = 0;
  /** Longest idle first. */
  readonly idle = new LinkedList<Evictable>();

  constructor(connectionsMax: number) {
    this.connectionsMax = connectionsMax;
  }

  /** False when every connection is busy. */
  take(): boolean {
    if (this.open >= this.connectionsMax) {
      if (this.idle.first === null) return false;
      this.idle.first.evict();
    }
    this.open += 1;
    return true;
  }

  give(): void {
    this.open -= 1;
  }
}
