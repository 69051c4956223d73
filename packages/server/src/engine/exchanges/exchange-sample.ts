import type { ExchangeKeeping, SubscriptionId, TimeMs } from "../../domain/model.ts";
import { engineLimits } from "../engine-limits.ts";

interface Mark {
  /** When the last accepted attempt was taken. */
  acceptedAtMs: TimeMs;
  /** How many failed attempts may be taken now, counted at `countedAtMs`. */
  failures: number;
  countedAtMs: TimeMs;
}

/** Chooses the attempts whose requests and replies are kept. Failed ones are worth more than accepted ones. */
export class ExchangeSample {
  /** Of the subscriptions that were sent to last. */
  readonly #marks = new Map<SubscriptionId, Mark>();

  takes(id: SubscriptionId, keeping: ExchangeKeeping, isAccepted: boolean, nowMs: TimeMs): boolean {
    if (keeping !== "sampled") return keeping === "all";
    const mark = this.#markOf(id, nowMs);
    if (isAccepted) {
      if (nowMs - mark.acceptedAtMs < engineLimits.acceptedExchangeMs) return false;
      mark.acceptedAtMs = nowMs;
      return true;
    }
    const { failedExchangesAtOnce, failedExchangeMs } = engineLimits;
    mark.failures = Math.min(failedExchangesAtOnce, mark.failures + (nowMs - mark.countedAtMs) / failedExchangeMs);
    mark.countedAtMs = nowMs;
    if (mark.failures < 1) return false;
    mark.failures--;
    return true;
  }

  #markOf(id: SubscriptionId, nowMs: TimeMs): Mark {
    const known = this.#marks.get(id);
    if (known !== undefined) return known;
    const mark = { acceptedAtMs: -Infinity, failures: engineLimits.failedExchangesAtOnce, countedAtMs: nowMs };
    this.#marks.set(id, mark);
    if (this.#marks.size > engineLimits.sampledSubscriptionsMax) {
      const [oldest] = this.#marks.keys();
      if (oldest !== undefined) this.#marks.delete(oldest);
    }
    return mark;
  }
}
