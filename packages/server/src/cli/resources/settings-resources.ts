import { isRecord } from "../../config/record.ts";
import { columns, field, label, named, overlap, subscriptionPath } from "./resource-parts.ts";
import type { Resource, Verb } from "./resource.ts";

/** Resources that are created under a name. */

const force = [field("force", "also while subscriptions or hooks use the key", "yes")];

export const topics: Resource = {
  name: "topics",
  about: "topics: logs of messages",
  kind: "settings",
  id: "name",
  columns: columns("name", "retention_ms retentionMs", "body_max bodyBytesMax", "description", "created createdAt"),
  verbs: named("topic", "/v1/topics/{topic}", ["GET /v1/topics"], [label]),
  examples: `
  $ ringback topics put orders
  $ ringback topics patch orders --set retentionMs=86400000 --set labels.team=billing
  $ ringback topics list --json`,
};

const deliverySteps = (["pause", "resume", "verify"] as const).map((name): Verb => {
  const about = {
    pause: "Stop delivering; messages wait in the log.",
    resume: "Deliver again, from where delivery stopped.",
    verify: "Verify the endpoint now.",
  }[name];
  return { name, about, routes: [`POST ${subscriptionPath}/${name}`] };
});

const handle = field("receipt-handle", "a receipt handle; may be given several times", "list", "receiptHandles");

export const subscriptions: Resource = {
  name: "subscriptions",
  about: "subscriptions: who gets a topic's messages",
  kind: "settings",
  id: "name",
  columns: columns(
    "topic",
    "name",
    "state",
    "health",
    "protocol push.protocol",
    "endpoint push.url",
    "backlog counts.backlog",
    "parked counts.parked",
    "dead counts.deadLetters",
  ),
  verbs: [
    ...named(
      "subscription",
      subscriptionPath,
      ["GET /v1/subscriptions", "GET /v1/topics/{topic}/subscriptions?counts=true"],
      [
        label,
        field("state", "without a topic: only active, paused, disabled, healthy, failing, open or lagging ones"),
        field("health", "without a topic: only healthy, failing, open or unhealthy (failing or open) ones"),
        field("name", "without a topic: only subscriptions with this name"),
      ],
    ),
    ...deliverySteps,
    {
      name: "test",
      about: "Send a message to the endpoint now, and show the request and the reply.",
      routes: [`POST ${subscriptionPath}/test`],
      body: "optional",
      failureOf: ({ verdict, error, errorDetail, reply }) => {
        const status = isRecord(reply) ? `status ${String(reply["status"])}` : String(error);
        const reason = typeof errorDetail === "string" ? errorDetail : status;
        return verdict === "accepted" ? null : `the endpoint has not accepted the message: ${reason}`;
      },
    },
    {
      name: "rewind",
      about: "Go back in the topic's log, and deliver from there again.",
      routes: [`POST ${subscriptionPath}/rewind`],
      body: "required",
      fields: [field("to", "oldest, a time, an age such as 2h, or seq:17", "position")],
    },
    {
      name: "ack",
      about: "Acknowledge pulled messages.",
      routes: [`POST ${subscriptionPath}/ack`],
      body: "required",
      fields: [handle],
    },
    {
      name: "nack",
      about: "Put pulled messages back.",
      routes: [`POST ${subscriptionPath}/nack`],
      body: "required",
      fields: [handle, field("delay", "how long they stay invisible", "duration", "delayMs")],
    },
  ],
  examples: `
  $ ringback subscriptions put orders billing --set push.url=https://example.com/hook --set push.protocol=standard-webhooks
  $ ringback subscriptions list orders --watch
  $ ringback subscriptions list --state disabled --json
  $ ringback subscriptions test orders billing`,
};

export const hooks: Resource = {
  name: "hooks",
  about: "hooks: URLs whose replies have a meaning",
  kind: "settings",
  id: "name",
  columns: columns("name", "protocol", "urls", "timeout_ms timeoutMs", "on_error onError", "description"),
  verbs: [
    ...named("hook", "/v1/hooks/{hook}", ["GET /v1/hooks"], [label]),
    {
      name: "call",
      about: "Call a hook with a payload, and show the outcome.",
      routes: ["POST /v1/hooks/{hook}/call"],
      body: "required",
    },
  ],
  examples: `
  $ ringback hooks put veto --set 'urls=["http://127.0.0.1:8080/veto"]' --set protocol=json
  $ ringback hooks call veto -f payload.json`,
};

export const keys: Resource = {
  name: "keys",
  about: "keys: what messages are signed with",
  kind: "settings",
  id: "kid",
  columns: columns(
    "kid",
    "type kty",
    "curve crv",
    "bits",
    "usable",
    "replaced_until previousUntil",
    "updated updatedAt",
  ),
  verbs: [
    { name: "list", about: "List keys, without their secrets.", routes: ["GET /v1/keys"], isList: true },
    { name: "get", about: "Show what is known of a key.", routes: ["GET /v1/keys/{kid}"] },
    {
      name: "put",
      about: "Store or generate a key, or replace it.",
      routes: ["PUT /v1/keys/{kid}"],
      body: "required",
      fields: [field("generate", "hmac or ed25519: make a new key on the server")],
      query: force,
    },
    {
      name: "rotate",
      about: "Replace a key; the old one signs beside it for a while.",
      routes: ["POST /v1/keys/{kid}/rotate"],
      body: "optional",
      fields: [overlap],
    },
    { name: "public", about: "Show the public half of an Ed25519 key.", routes: ["GET /v1/keys/{kid}/public"] },
    { name: "delete", about: "Delete a key.", routes: ["DELETE /v1/keys/{kid}"], query: force },
  ],
  examples: `
  $ ringback keys put billing --generate hmac
  $ ringback keys rotate billing --overlap 24h`,
};

export const accounts: Resource = {
  name: "accounts",
  about: "accounts: tenants",
  kind: "settings",
  id: "name",
  columns: columns("name", "app_id appId", "state", "description", "created createdAt"),
  verbs: named("account", "/v1/accounts/{account}", ["GET /v1/accounts"], [label]),
  examples: `
  $ ringback accounts put acme --set labels.plan=pro
  $ ringback topics list --account acme`,
};

export const portalLinks: Resource = {
  name: "portal-links",
  about: "portal links: short-lived links to the page of an account",
  kind: "settings",
  id: "id",
  columns: columns("id", "name", "role", "topics", "expires expiresAt"),
  verbs: [
    {
      name: "create",
      about: "Create a link. Its URL is shown once.",
      routes: ["POST /v1/portal-links"],
      body: "optional",
      fields: [
        field("role", "admin, or read to change nothing"),
        field("expires-in-s", "how long the link is valid, in seconds", "count", "expiresInS"),
        field("topics", "only topics with these names; `*` stands for any characters", "list"),
        field("name", "a name for people"),
      ],
    },
    { name: "list", about: "List the links, without their secrets.", routes: ["GET /v1/portal-links"], isList: true },
    { name: "delete", aliases: ["revoke"], about: "Revoke a link.", routes: ["DELETE /v1/portal-links/{id}"] },
  ],
  examples: `
  $ ringback portal-links create --account acme --expires-in-s 900`,
};

export const eventTypes: Resource = {
  name: "event-types",
  about: "event types: the catalogue of message types",
  kind: "settings",
  id: "type",
  columns: columns("type", "version", "deprecated", "description", "updated updatedAt"),
  verbs: [
    ...named("event type", "/v1/event-types/{type}", ["GET /v1/event-types"], [label]),
    {
      name: "asyncapi",
      about: "Write all event types as an AsyncAPI 3 document.",
      routes: ["GET /v1/asyncapi.json"],
      isDocument: true,
    },
  ],
  examples: `
  $ ringback event-types put invoice.paid -f invoice.paid.yaml
  $ ringback event-types asyncapi > asyncapi.json`,
};

export const inboxes: Resource = {
  name: "inboxes",
  about: "inboxes: buffers that anybody can POST to",
  kind: "settings",
  id: "name",
  columns: columns("name", "topic", "accept", "receive_path receivePath", "messages_max messagesMax", "description"),
  verbs: [
    ...named("inbox", "/v1/inboxes/{inbox}", ["GET /v1/inboxes"], [label]),
    {
      name: "rotate-path",
      about: "Give an inbox another path.",
      routes: ["POST /v1/inboxes/{inbox}/rotate-path"],
      body: "optional",
      fields: [overlap],
    },
  ],
  examples: `
  $ ringback inboxes put github --set accept=json`,
};

export const nodes: Resource = {
  name: "nodes",
  about: "nodes: the servers of a cluster",
  kind: "settings",
  id: "id",
  columns: columns("id", "name", "version", "started startedAt", "last_seen lastSeenAt", "alive", "self"),
  verbs: [{ name: "list", about: "List the nodes.", routes: ["GET /v1/nodes"], isList: true }],
  examples: `
  $ ringback nodes list`,
};
