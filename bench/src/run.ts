import { nowMs } from "./clock.ts";
import { journalModeOf } from "./server/data-folder.ts";
import type { Bench, Scenario } from "./scenarios/bench.ts";
import type { ScenarioResult } from "./scenarios/result.ts";

/** Runs one scenario on a new server, and stops the server in any case. */
export async function runScenario(bench: Bench, scenario: Scenario): Promise<ScenarioResult> {
  const startedAtMs = nowMs();
  const server = await bench.launch(scenario.name, scenario.preload ?? null);
  let metrics: Record<string, number> = {};
  try {
    const measured = await scenario.run(bench, server);
    // The start scenario stops this server itself, so there may be no metrics to read.
    metrics = await server.metrics().catch(() => ({}));
    await server.stop();
    return {
      scenario: scenario.name,
      title: scenario.title,
      ...measured,
      metrics,
      journalMode: journalModeOf(bench.folder(scenario.name)),
      tookS: (nowMs() - startedAtMs) / 1000,
    };
  } finally {
    await server.stop();
  }
}
