import { momentOf } from "../../domain/clock-rules.ts";
import { errorDetail } from "../../domain/error-detail.ts";
import type { Subscription } from "../../domain/model.ts";
import type { Claim, Settlement } from "../../store/log.ts";
import type { ContentFilters, Judged } from "../content-filters.ts";
import { reportDelivery } from "../delivery-report.ts";
import type { EngineServices } from "../services.ts";
import { fetchAttempt } from "./fetch-attempt.ts";

export interface FilterServices extends Pick<EngineServices, "store" | "clock" | "observer" | "events"> {
  readonly filters: ContentFilters;
}

/**
 * Returns the claim without the messages that `filter.where` rejects. They are settled without a record. Messages that
 * it cannot judge become dead letters.
 */
export async function filterClaim(services: FilterServices, subscription: Subscription, claim: Claim): Promise<Claim> {
  const where = subscription.settings.filter.where ?? null;
  if (where === null || claim.deliveries.length === 0) return claim;
  const judged = await new Promise<Judged>((resolve) => services.filters.judge(where, claim.deliveries, resolve));
  const { wanted, rejected, failed } = judged;
  if (wanted.length === claim.deliveries.length) return claim;
  const { wallMs } = momentOf(services.clock);
  const about = { claimId: claim.id, subscriptionId: subscription.id };
  const rejections = rejected.map((delivery): Settlement => {
    return { ...about, delivery, attempt: null, settled: { kind: "delivered" } };
  });
  const failures = failed.map(({ delivery, error }): Settlement => {
    const attempt = fetchAttempt(delivery.attemptsMade + 1, wallMs, 0, "filter_failed");
    const settled = { kind: "dead", reason: "filter_failed" } as const;
    return { ...about, delivery, attempt: { ...attempt, verdict: "error", errorDetail: errorDetail(error) }, settled };
  });
  // With fewer settlements, another node has claimed some of the deliveries, and that node reports them.
  const applied = await services.store.log.settle([...rejections, ...failures], "fail");
  if (applied === rejections.length + failures.length) {
    services.observer.filtered(rejected.length);
    for (const { delivery, attempt, settled } of failures) {
      const outcome = { subscription, message: delivery.message, attempt, settled, durationMs: 0, atMs: wallMs };
      reportDelivery(services, outcome);
    }
  }
  return { ...claim, deliveries: wanted, more: true };
}
