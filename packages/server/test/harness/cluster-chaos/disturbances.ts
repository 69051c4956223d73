export type DisturbanceKind = "kill" | "stop" | "cut" | "restart" | "crash" | "fill" | "errors" | "jump";

/** One disturbance. Its times are values of `performance.now`. */
export interface Disturbance {
  readonly kind: DisturbanceKind;
  /** The number of the node. Null: the database. */
  readonly node: number | null;
  readonly fromMs: number;
  toMs: number;
}

/** Disturbances of the cluster, with their times. */
export class Disturbances {
  readonly list: Disturbance[] = [];
  readonly #startMs = performance.now();

  /** Records the start of a disturbance. The returned function records its end. */
  begin(kind: DisturbanceKind, node: number | null): () => void {
    const disturbance: Disturbance = { kind, node, fromMs: performance.now(), toMs: Infinity };
    this.list.push(disturbance);
    return () => void (disturbance.toMs = performance.now());
  }

  count(kind: DisturbanceKind): number {
    return this.list.filter((each) => each.kind === kind).length;
  }

  /** Formats a value of `performance.now` as seconds since the start of the run. */
  at(ms: number): string {
    return ((ms - this.#startMs) / 1000).toFixed(2);
  }

  /** The list of disturbances as text, for the report of a failed run. */
  get script(): string {
    return this.list
      .map(({ kind, node, fromMs, toMs }) => `${this.at(fromMs)}-${this.at(toMs)} s ${kind} ${node ?? "database"}`)
      .join("\n");
  }
}
