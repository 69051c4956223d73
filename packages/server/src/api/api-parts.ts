import type { Logger } from "pino";
import type { Clock } from "../domain/ports.ts";
import type { EventBus } from "../engine/event-bus.ts";
import type { Hooks } from "../engine/hooks/account-hooks.ts";
import type { Inboxes } from "../engine/inboxes/account-inboxes.ts";
import type { ApiKeys } from "../engine/keys/account-api-keys.ts";
import type { Keys } from "../engine/keys/account-keys.ts";
import type { EndpointSecrets } from "../engine/keys/endpoint-secrets.ts";
import type { Publisher } from "../engine/publisher.ts";
import type { Pulls } from "../engine/pull/account-pulls.ts";
import type { HttpLimits } from "../http/http-limits.ts";
import type { Readiness } from "../ops/health.ts";
import type { Metrics } from "../ops/metrics.ts";
import type { Store } from "../store/store.ts";
import type { EndpointRule } from "../transport/endpoint-rule.ts";

/** The parts of the server that the API uses. */
export interface ApiParts {
  readonly store: Store;
  readonly publisher: Publisher;
  readonly keys: Keys;
  readonly apiKeys: ApiKeys;
  readonly endpointSecrets: Pick<EndpointSecrets, "seal">;
  readonly endpointRule: EndpointRule;
  readonly hooks: Hooks;
  readonly inboxes: Inboxes;
  readonly pulls: Pulls;
  readonly events: EventBus;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly version: string;
  readonly ready: () => Readiness;
  readonly clock: Clock;
  readonly config: HttpLimits;
}
