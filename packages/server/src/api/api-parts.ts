import type { Logger } from "pino";
import type { SubscriptionId } from "../domain/model.ts";
import type { Clock } from "../domain/ports.ts";
import type { Access } from "../engine/access/access.ts";
import type { ServicesOf } from "../engine/account-services.ts";
import type { Audit } from "../engine/audit/audit.ts";
import type { Accounts } from "../engine/accounts/accounts.ts";
import type { EventTail } from "../engine/events/event-tail.ts";
import type { EventBus } from "../engine/event-bus.ts";
import type { EndpointSecrets } from "../engine/keys/endpoint-secrets.ts";
import type { MasterKeyRotation } from "../engine/keys/master-key-rotation.ts";
import type { Publisher } from "../engine/publisher.ts";
import type { EndpointVerifier } from "../engine/push/endpoint-verifier.ts";
import type { Replays } from "../engine/replay/replays.ts";
import type { OnDemandLimit } from "../engine/push/on-demand-limit.ts";
import type { SenderState } from "../engine/push/sender-state.ts";
import type { TestDeliveries } from "../engine/push/test-delivery.ts";
import type { Pulls } from "../engine/pull/account-pulls.ts";
import type { AccountStatistics } from "../engine/statistics/statistics.ts";
import type { HttpLimits } from "../http/http-limits.ts";
import type { Readiness } from "../ops/health.ts";
import type { RequestLog } from "../ops/request-log.ts";
import type { Metrics } from "../ops/metrics.ts";
import type { Store } from "../store/store.ts";
import type { EndpointRule } from "../transport/endpoint-rule.ts";

/** The parts of the server that the API uses. */
export interface ApiParts {
  readonly store: Store;
  readonly publisher: Publisher;
  readonly accounts: Accounts;
  readonly access: Access;
  readonly audit: Audit;
  readonly servicesOf: ServicesOf;
  readonly masterKeyRotation: Pick<MasterKeyRotation, "step">;
  readonly endpointSecrets: Pick<EndpointSecrets, "seal">;
  readonly endpointRule: EndpointRule;
  readonly verifier: EndpointVerifier;
  readonly tests: TestDeliveries;
  readonly onDemand: OnDemandLimit;
  readonly pulls: Pulls;
  readonly replays: Replays;
  readonly events: EventBus;
  readonly eventTail: EventTail;
  readonly metrics: Metrics;
  readonly statistics: AccountStatistics;
  /** See `Dispatcher.senderState`. */
  readonly senderState: (id: SubscriptionId) => SenderState | null;
  readonly log: Logger;
  readonly requestLog: RequestLog;
  readonly version: string;
  readonly ready: () => Readiness;
  readonly clock: Clock;
  readonly config: HttpLimits;
}
