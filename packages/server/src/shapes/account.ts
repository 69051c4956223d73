import { Type } from "typebox";
import { unlimited } from "../domain/account-limits.ts";
import { limits } from "../domain/limits.ts";
import type { AccountDetails } from "../engine/accounts/account-settings.ts";
import { description, labels } from "./labels.ts";
import {
  about,
  bodyShape,
  changeTimes,
  changeTimesView,
  describedShape,
  namedShape,
  nullable,
  whole,
} from "./schema-parts.ts";
import { complete, optional, settingsShape, viewMembers, viewOf } from "./settings.ts";

const limit = (text: string, minimum: number, maximum: number) =>
  about(`${text} null: only the limit of the server applies.`, optional(nullable(whole(minimum, maximum)), null));

const accountLimits = namedShape("AccountLimitsSettings", {
  topicsMax: limit("The most topics; `topic_limit`.", 0, limits.topicsMax),
  subscriptionsMax: limit("The most subscriptions of all topics; `subscription_limit`.", 0, limits.subscriptionsMax),
  publishesPerSecondMax: limit(
    "The most messages that can be published in a second, on average and over all nodes; `account_rate_limit`. A batch " +
      "is accepted as a whole, and delays what comes after it.",
    1,
    1_000_000,
  ),
  storedBytesMax: limit(
    "The most bytes that the bodies of the stored messages may have; `account_storage_limit`. Messages are counted in the " +
      "background, so up to 1,000 messages of each topic are counted for longer than they are kept, and what other nodes " +
      "accept is counted after at most about 5 seconds. Dead letters are not counted.",
    0,
    Number.MAX_SAFE_INTEGER,
  ),
  retentionMsMax: limit(
    "The longest retention of a topic, in milliseconds; `invalid_request`.",
    limits.retentionMsMin,
    limits.retentionMsMax,
  ),
});

/** The schema of all settings of an account. */
const settings = bodyShape("AccountSettings", [{ labels: { plan: "free" }, limits: { topicsMax: 10 } }], {
  appId: about(
    "The number that the dialects of other systems send as the owner of a topic. null: chosen at random when the account is created.",
    optional(nullable(whole(1, Number.MAX_SAFE_INTEGER, { examples: [1_300_000_001] })), null),
  ),
  limits: about("What the account may use.", optional(accountLimits, unlimited)),
  description,
  labels,
});

export const accountShape = settingsShape(settings, { settle: (given) => complete(settings, given) });

export const accountSchema = describedShape("Account", "The account.", {
  name: Type.String({ examples: ["acme"] }),
  ...viewMembers(settings),
  state: about(
    "deleting: requests for the account are refused, and everything that belongs to it is being removed.",
    Type.Enum(["active", "deleting"]),
  ),
  deletion: about(
    "What is left of an account that is being deleted; null: it is not being deleted.",
    nullable(
      Type.Object({
        topicsLeft: about("Topics, and the logs of inboxes and queues.", whole(0, Number.MAX_SAFE_INTEGER)),
        entriesLeft: about("Hooks, inboxes, queues, keys and API keys.", whole(0, Number.MAX_SAFE_INTEGER)),
      }),
    ),
  ),
  ...changeTimes,
});

export function accountView(account: AccountDetails): object {
  return {
    name: account.name,
    ...viewOf(settings, account),
    state: account.state,
    deletion: account.deletion,
    ...changeTimesView(account),
  };
}
