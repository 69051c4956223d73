import { Type } from "typebox";
import { assertTopicStays, withRetention } from "../domain/inbox-rules.ts";
import { type InboxVerification, verificationMethods } from "../domain/inbox-verification.ts";
import { limits } from "../domain/limits.ts";
import type { InboxDetails } from "../engine/inboxes/inboxes.ts";
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
import { headerNameForm } from "../domain/push-header-rules.ts";
import { complete, optional, settingsShape, viewMembers, viewOf } from "./settings.ts";

/** The complete schema with its defaults has this type, because `nullable` hides the members from typebox. */
const verify = Type.Unsafe<InboxVerification | null>(
  nullable(
    namedShape("InboxVerificationSettings", {
      method: about(
        "`standard-webhooks`: the headers `webhook-id`, `webhook-timestamp` and `webhook-signature`. `github`: " +
          "`X-Hub-Signature-256`. `stripe`: `Stripe-Signature`. `token`: a shared token in `Authorization: Bearer`, in " +
          "`header` or in `query`.",
        Type.Enum([...verificationMethods]),
      ),
      secrets: about(
        `The secrets, at most ${limits.inboxSecretsMax}. A request is valid with any of them, so a secret can be replaced without a gap. ` +
          "`standard-webhooks`: `whsec_…`, or `whpk_…` for Ed25519. `stripe`: `whsec_…`. They are stored encrypted under " +
          "the server's master key, and are never shown again.",
        Type.Array(Type.String({ minLength: limits.inboxSecretCharsMin, maxLength: limits.inboxSecretCharsMax }), {
          minItems: 1,
          maxItems: limits.inboxSecretsMax,
          writeOnly: true,
        }),
      ),
      toleranceMs: about(
        "The largest difference between the timestamp in a signature and the server's clock, in milliseconds. For " +
          "`standard-webhooks` and `stripe`.",
        optional(whole(limits.inboxToleranceMsMin, limits.inboxToleranceMsMax), limits.inboxToleranceMsDefault),
      ),
      header: about(
        "The header that contains the token, and nothing else. It is not kept with the message.",
        optional(
          nullable(Type.String({ pattern: headerNameForm.source, maxLength: 128, examples: ["X-Gitlab-Token"] })),
          null,
        ),
      ),
      query: about(
        "The query parameter that contains the token. It is not kept with the message.",
        optional(nullable(Type.String({ minLength: 1, maxLength: 128, examples: ["token"] })), null),
      ),
    }),
  ),
);

/** The schema of all settings of an inbox. */
const settings = bodyShape(
  "InboxSettings",
  [
    { messagesMax: 1000 },
    { accept: "json", whilePolledMs: 300_000 },
    { topic: "orders" },
    { verify: { method: "github", secrets: ["It's a Secret to Everybody"] } },
  ],
  {
    topic: about(
      "The topic that a POST to the inbox publishes into, and whose messages the inbox gives out. null: the inbox has a " +
        "log of its own. Cannot be changed later.",
      optional(nullable(Type.String({ examples: ["orders"] })), null),
    ),
    accept: about(
      "json: a body that is not JSON is refused. JSON is kept byte for byte as well.",
      optional(Type.Enum(["any", "json"]), "any"),
    ),
    whilePolledMs: about(
      "The inbox keeps messages only while its last GET is less than this many milliseconds ago. A message that " +
        "arrives later is dropped, with all messages that still wait. null: a message is kept until it is taken.",
      optional(nullable(whole(limits.whilePolledMsMin, limits.whilePolledMsMax, { examples: [300_000] })), null),
    ),
    retentionMs: about(
      `How long a message is kept, taken or not, in milliseconds. Left out: ${limits.retentionMsDefault}. With \`topic\` it must be left out, since the topic keeps the messages.`,
      optional(nullable(whole(limits.retentionMsMin, limits.retentionMsMax)), null),
    ),
    messagesMax: about(
      "How many messages may wait; a further POST is refused with `inbox_full`.",
      optional(whole(1, limits.inboxMessagesMax), limits.inboxMessagesDefault),
    ),
    bodyBytesMax: about(
      "The largest message body, in bytes.",
      optional(whole(limits.topicBodyBytesMin, limits.bodyBytesMax), limits.bodyBytesMax),
    ),
    verify: about(
      "How the inbox verifies that a request comes from its sender. A request that is not valid is refused with " +
        "`signature_invalid` and is not kept. null: requests are not verified.",
      optional(verify, null),
    ),
    description,
    labels,
  },
);

export const inboxShape = settingsShape(settings, {
  assertFixed: ({ topic: before }, { topic: after }) => assertTopicStays(before ?? null, after ?? null),
  settle: (given) => withRetention(complete(settings, given)),
});

export const rotatePathBody = bodyShape("InboxPathRotation", [{ overlapMs: 3_600_000 }], {
  overlapMs: about(
    "How long the old path stays valid, in milliseconds.",
    Type.Optional(whole(0, limits.overlapMsMax, { default: 0 })),
  ),
});

const members = {
  name: Type.String({ examples: ["arrivals"] }),
  receivePath: about(
    "A path that nobody can guess, for senders that have no API key. `POST` to it like to `/in/{inbox}`. null for a " +
      "caller without the role `admin`, because whoever knows the path may send.",
    nullable(Type.String({ examples: ["/in/inb_3Qk5fZr1gVt8Wm2Yx7Lc9Hd4Bn6Js0Pa"] })),
  ),
  ...viewMembers(settings),
  ...changeTimes,
};

export const inboxSchema = describedShape("Inbox", "The inbox.", members);
export const countedInboxSchema = describedShape("CountedInbox", "The inbox, with how many messages wait in it.", {
  ...members,
  waiting: about("How many messages wait, with those that are being sent to a client.", Type.Integer()),
});

export function inboxView(inbox: InboxDetails): object {
  const receivePath = inbox.path && `/in/${inbox.path.token}`;
  return { name: inbox.name, receivePath, ...viewOf(settings, inbox), ...changeTimesView(inbox) };
}

/** The view for the record of a change. Whoever knows the path may send, so the record does not have it. */
export function recordedInboxView(inbox: InboxDetails): object {
  return inboxView({ ...inbox, path: null });
}
