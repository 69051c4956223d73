import { backlogScenario } from "./backlog.ts";
import { badEndpointsScenario } from "./bad-endpoints.ts";
import type { Scenario } from "./bench.ts";
import { cmqScenario } from "./cmq.ts";
import { expressionsScenario } from "./expressions.ts";
import { fanoutScenario } from "./fanout.ts";
import { hookCallScenario } from "./hook-call.ts";
import { hostileRequestsScenario } from "./hostile-requests.ts";
import { idleManyScenario } from "./idle-many.ts";
import { latencyScenario } from "./latency.ts";
import { manyAccountsScenario } from "./many-accounts.ts";
import { nodesScenario } from "./nodes.ts";
import { noisyTenantScenario } from "./noisy-tenant.ts";
import { oneAtATimeScenario } from "./one-at-a-time.ts";
import { publishBatchScenario, publishOneScenario } from "./publish.ts";
import { publishKeyScenario } from "./publish-key.ts";
import { replayScenario } from "./replay.ts";
import { ratesScenario } from "./rates.ts";
import { startScenario } from "./start.ts";
import { steadyScenario } from "./steady.ts";

export const scenarios: readonly Scenario[] = [
  publishOneScenario,
  publishBatchScenario,
  publishKeyScenario,
  fanoutScenario,
  hookCallScenario,
  expressionsScenario,
  cmqScenario,
  latencyScenario,
  steadyScenario,
  backlogScenario,
  badEndpointsScenario,
  idleManyScenario,
  noisyTenantScenario,
  manyAccountsScenario,
  replayScenario,
  ratesScenario,
  startScenario,
  hostileRequestsScenario,
  oneAtATimeScenario,
  nodesScenario,
];
