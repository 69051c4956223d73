import type { Figure } from "../scenarios/result.ts";
import type { RunReport } from "../report/write.ts";

/** One run of the benchmark, with what the page shows. */
export interface Run {
  readonly commit: string;
  /** When the run began, such as 2026-01-31T02:17:00.000Z. */
  readonly at: string;
  readonly cpu: string;
  readonly figures: readonly RunFigure[];
}
/** A figure and its target. Null: it could not be computed. */
export interface RunFigure extends Pick<Figure, "unit" | "atMost" | "atLeast"> {
  readonly name: string;
  readonly value: number | null;
}

/** Two years of nights. */
const runsMax = 730;

/** Appends the run. A second run of the same commit replaces the first, and the oldest runs are dropped. */
export function withRun(history: readonly Run[], run: Run): readonly Run[] {
  return [...history.filter(({ commit }) => commit !== run.commit), run].slice(-runsMax);
}

/** Figures of a report that have a target; others are for information only. */
export function runOf(report: Pick<RunReport, "startedAt" | "machine" | "results">, commit: string): Run {
  const figures = report.results.flatMap(({ scenario, figures }) =>
    figures.flatMap(({ name, value, unit, atMost, atLeast }): RunFigure[] => {
      if (atMost === undefined && atLeast === undefined) return [];
      const target = { ...(atMost === undefined ? {} : { atMost }), ...(atLeast === undefined ? {} : { atLeast }) };
      return [{ name: `${scenario}: ${name}`, value, unit, ...target }];
    }),
  );
  return { commit, at: report.startedAt, cpu: report.machine.cpu, figures };
}
