import { momentOf } from "../../domain/clock-rules.ts";
import type { Attempt } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import type { ClaimId, Settled } from "../../store/log.ts";
import type { Judged } from "../content-filters.ts";
import type { DeliveryOutcome } from "../delivery-outcome.ts";
import { judgeUnsent } from "./outgoing.ts";
import { pushAttempt, type Started, unsent } from "./push-attempt.ts";
import type { Route } from "./route.ts";

export type OutcomeTimes = Pick<DeliveryOutcome, "durationMs" | "atMs">;

/** Deliveries that `filter.where` could not judge. They become dead letters, whose attempts contain the reason. */
export function filterFailures(
  { clock, nextRequestId }: { readonly clock: Clock; readonly nextRequestId: () => string },
  route: Route,
  claimId: ClaimId,
  { failed }: Judged,
): (readonly [started: Started, attempt: Attempt, settled: Settled, times: OutcomeTimes])[] {
  const { nowMs: startedAtMs, wallMs: atMs } = momentOf(clock);
  return failed.map(({ delivery, error }) => {
    const sending = { requestId: nextRequestId(), sentAtMs: atMs, recording: null };
    const started = { queued: { claimId, delivery }, route, startedAtMs, isProbe: false, ...sending };
    const judgement = judgeUnsent({ failure: "filter_failed", detail: error });
    const attempt = pushAttempt(delivery.attemptsMade + 1, atMs, unsent, judgement);
    return [started, attempt, { kind: "dead", reason: "filter_failed" }, { durationMs: 0, atMs }];
  });
}
