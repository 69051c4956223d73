import { type Linked, LinkedList } from "./linked-list.ts";

/** An idle connection that can be closed to make room for another. */
export interface Evictable extends Linked<Evictable> {
  /** Closes the connection and releases it from the budget. */
  evict(): void;
}

/** Why a POST gets no connection from the budget. */
export const allConnectionsInUse = "all connections that this server may open are in use";

/**
 * Limits the connections of all origins together. At the limit, the connection that was idle longest is closed to make
 * room for a new one.
 */
export class ConnectionBudget {
  readonly #connectionsMax: number;
  #open = 0;
  /** Longest idle first. */
  readonly idle = new LinkedList<Evictable>();

  constructor(connectionsMax: number) {
    this.#connectionsMax = connectionsMax;
  }

  /** Returns false if all connections are busy. */
  take(): boolean {
    if (this.#open >= this.#connectionsMax) {
      if (this.idle.first === null) return false;
      this.idle.first.evict();
    }
    this.#open += 1;
    return true;
  }

  release(): void {
    this.#open -= 1;
  }
}
