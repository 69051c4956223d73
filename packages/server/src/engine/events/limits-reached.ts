import type { LimitName, LimitsOf } from "../../domain/account-limits.ts";
import { RingbackError } from "../../domain/errors.ts";
import type { AccountId, TimeMs } from "../../domain/model.ts";
import { engineLimits } from "../engine-limits.ts";
import type { EngineServices } from "../services.ts";
import type { EventMessages } from "./event-messages.ts";
import { Gathering } from "./gathering.ts";

interface Refusal {
  readonly accountId: AccountId;
  readonly at: TimeMs;
  readonly limit: LimitName;
  readonly count: number;
}

export interface LimitsReachedOptions extends Pick<EngineServices, "clock" | "timers"> {
  readonly messages: EventMessages;
  readonly limitsOf: LimitsOf;
}

/** Reports limits of accounts that have refused something. */
export class LimitsReached {
  readonly #options: LimitsReachedOptions;
  readonly #gathering: Gathering<Refusal>;

  constructor(options: LimitsReachedOptions) {
    const { timers, messages } = options;
    this.#options = options;
    this.#gathering = new Gathering<Refusal>({
      timers,
      intervalMs: engineLimits.limitEventIntervalMs,
      report: (refusal) => this.#report(refusal),
      leftOut: ({ accountId }) => messages.suppress(accountId, 1),
    });
  }

  /** Called whenever a limit of the account has refused something. */
  refused(accountId: AccountId, limit: LimitName): void {
    const refusal = { accountId, at: this.#options.clock.wall(), limit, count: 1 };
    this.#gathering.add(`${accountId} ${limit}`, refusal, ({ count }, { at }) => ({
      ...refusal,
      at,
      count: count + 1,
    }));
  }

  stop(): void {
    this.#gathering.stop();
  }

  #report({ accountId, at, limit, count }: Refusal): void {
    const { messages, limitsOf } = this.#options;
    try {
      const max = limitsOf(accountId)[limit];
      messages.add({ type: "account.limit_reached", accountId, at, members: { limit, max, count } });
    } catch (error) {
      // The account was deleted in the meantime.
      if (!(error instanceof RingbackError)) throw error;
    }
  }
}
