import { Type } from "typebox";
import { unlimited } from "../domain/account-limits.ts";
import { limits } from "../domain/limits.ts";
import { assertPortal } from "../domain/portal-rules.ts";
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

const origin = Type.String({ examples: ["https://app.example.com"] });
const color = (text: string) =>
  about(`${text} null: the page's own.`, optional(nullable(Type.String({ examples: ["#1f5fbf"] })), null));

const portal = namedShape("PortalSettings", {
  name: about(
    "The name at the top of the page. Empty: the name of the account.",
    optional(Type.String({ maxLength: limits.portalNameCharsMax, examples: ["ACME webhooks"] }), ""),
  ),
  logo: about(
    "An image as `data:image/png;base64,…` (PNG, JPEG, WebP, GIF or SVG), at most " +
      `${limits.portalLogoCharsMax} characters. null: none.`,
    optional(nullable(Type.String({ examples: ["data:image/png;base64,iVBORw0KGgo="] })), null),
  ),
  accent: color("The colour of buttons and links, as `#rrggbb`."),
  accentDark: color("The same on a dark page."),
  frameAncestors: about(
    "Origins whose pages may show the page in a frame; https only, or http on localhost.",
    optional(Type.Array(origin, { maxItems: limits.portalFrameAncestorsMax }), []),
  ),
});

/** The schema of all settings of an account. */
const settings = bodyShape("AccountSettings", [{ labels: { plan: "free" }, limits: { topicsMax: 10 } }], {
  appId: about(
    "The number that the dialects of other systems send as the owner of a topic. null: chosen at random when the account is created.",
    optional(nullable(whole(1, Number.MAX_SAFE_INTEGER, { examples: [1_300_000_001] })), null),
  ),
  limits: about("What the account may use.", optional(accountLimits, unlimited)),
  portal: about(
    "The branding of the page that portal links open. null: that of the server's own page.",
    optional(nullable(portal), null),
  ),
  description,
  labels,
});

export const accountShape = settingsShape(settings, {
  settle: (given) => {
    const branding = given.portal === null || given.portal === undefined ? null : complete(portal, given.portal);
    if (branding !== null) assertPortal(branding);
    return { ...complete(settings, given), portal: branding };
  },
});

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
