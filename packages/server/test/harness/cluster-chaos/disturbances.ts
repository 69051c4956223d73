export type DisturbanceKind = "kill" | "stop" | "cut" | "restart" | "crash";

/** Times by the clock of `performance.now`. */
export interface Disturbance {
  readonly kind: DisturbanceKind;
  /** null: the database. */
  readonly node: number | null;
  readonly fromMs: number;
  toMs: number;
}

/** What was done to the cluster, and when. */
export class Disturbances {
  readonly list: Disturbance[] = [];
  readonly #startMs = performance.now();

  /** Its end is said by the function that it gives back. */
  begin(kind: DisturbanceKind, node: number | null): () => void {
    const disturbance: Disturbance = { kind, node, fromMs: performance.now(), toMs: Infinity };
    this.list.push(disturbance);
    return () => void (disturbance.toMs = performance.now());
  }

  count(kind: DisturbanceKind): number {
    return this.list.filter((each) => each.kind === kind).length;
  }

  /** In seconds since the run began. */
  at(ms: number): string {
    return ((ms - this.#startMs) / 1000).toFixed(2);
  }

  /** As a person reads it when a run has failed. */
  get told(): string {
    return this.list
      .map(({ kind, node, fromMs, toMs }) => `${this.at(fromMs)}-${this.at(toMs)} s ${kind} ${node ?? "database"}`)
      .join("\n");
  }
}
