import type { Logger } from "pino";
import type { Clock } from "../domain/ports.ts";
import type { EventBus } from "../engine/event-bus.ts";
import type { Hooks } from "../engine/hooks/hooks.ts";
import type { Inboxes } from "../engine/inboxes/inboxes.ts";
import type { ApiKeys } from "../engine/keys/api-keys.ts";
import type { Keys } from "../engine/keys/keys.ts";
import type { Publisher } from "../engine/publisher.ts";
import type { Pulls } from "../engine/pull/pulls.ts";
import type { Metrics } from "../ops/metrics.ts";
import type { Readiness } from "../ops/health.ts";
import type { Store } from "../store/store.ts";
import type { HttpLimits } from "../http/http-limits.ts";

/** Everything the API needs from the rest of the house; the composition root hands it in. */
export interface AppDependencies {
  readonly store: Store;
  readonly publisher: Publisher;
  readonly keys: Keys;
  readonly apiKeys: ApiKeys;
  readonly hooks: Hooks;
  readonly inboxes: Inboxes;
  readonly pulls: Pulls;
  readonly events: EventBus;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly version: string;
  readonly ready: () => Readiness;
  readonly clock: Clock;
  /** What differs from `httpLimitDefaults`. */
  readonly config?: Partial<HttpLimits>;
}

/** The same with its configuration complete: what the resources get. */
export type ApiContext = Omit<AppDependencies, "config"> & { readonly config: HttpLimits };
