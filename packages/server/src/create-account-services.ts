import { randomBytes, randomUUID } from "node:crypto";
import { limits } from "./domain/limits.ts";
import { createServicesOf, type SharedServices } from "./engine/account-services.ts";
import type { Accounts } from "./engine/accounts/accounts.ts";
import { CompiledSchemas } from "./engine/event-types/compiled-schemas.ts";
import { CallLimit } from "./engine/hooks/call-limit.ts";
import { MemoryBudget } from "./engine/hooks/memory-budget.ts";
import { InboxVerifier } from "./engine/inboxes/inbox-verifier.ts";
import { AccountPulls } from "./engine/pull/account-pulls.ts";
import { PullQueues } from "./engine/pull/pull-queues.ts";
import type { EngineServices } from "./engine/services.ts";

type CreatedHere =
  | "randomBytes"
  | "verifier"
  | "requestId"
  | "calls"
  | "memory"
  | "pullQueues"
  | "pulls"
  | "schemas"
  | "queueFailed";

interface AccountServiceParts extends Omit<SharedServices, CreatedHere | "observer"> {
  readonly observer: EngineServices["observer"] & SharedServices["observer"];
  readonly accounts: Accounts;
  readonly failedDuring: (during: string) => (error: unknown) => void;
}

/** The services that are separate for each account, and the limits and queues that all accounts share. */
export function createAccountServices({ accounts, failedDuring, ...shared }: AccountServiceParts) {
  const isShared = (): boolean => accounts.areSeveral;
  const pullQueues = new PullQueues({ ...shared, isShared, failed: failedDuring("pulls") });
  const pulls = new AccountPulls({ ...shared, pullQueues });
  const hookCalls = new CallLimit(limits.hookCallsMax, isShared);
  const servicesOf = createServicesOf(
    {
      ...shared,
      randomBytes,
      verifier: new InboxVerifier(shared),
      requestId: randomUUID,
      calls: hookCalls,
      memory: new MemoryBudget(limits.hookMemoryBytesMax),
      pullQueues,
      pulls,
      schemas: new CompiledSchemas(),
      queueFailed: failedDuring("queues"),
    },
    (listener) => accounts.onGone(listener),
  );
  pulls.sendDeadLetters((subscription) => servicesOf(subscription.accountId).queues.deadLetterTarget(subscription));
  return { servicesOf, pullQueues, pulls, hookCalls };
}
