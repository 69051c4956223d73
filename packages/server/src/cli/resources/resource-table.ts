import type { Column, Field, FieldKind, Resource, Route, Verb } from "./resource.ts";

/** Creates columns from texts such as `url push.url pull`: the heading, and then paths. */
function columns(...texts: readonly string[]): readonly Column[] {
  return texts.map((text) => {
    const [heading = "", ...paths] = text.split(" ");
    return { heading: heading.replaceAll("_", " ").toUpperCase(), paths: paths.length === 0 ? [heading] : paths };
  });
}

function field(name: string, about: string, kind: FieldKind = "text", to = name, word?: string): Field {
  return { name, about, kind, to, ...(word === undefined ? {} : { word }) };
}

const label = field("label", "only those with this label, such as customer=acme", "text", "label", "name=value");
const times = [field("from", "not before this time", "time"), field("to", "before this time", "time")];
const force = [field("force", "also while subscriptions or hooks use the key", "yes")];
const subscriptionPath = "/v1/topics/{topic}/subscriptions/{subscription}";
const overlap = field("overlap", "how long the old one stays valid", "duration", "overlapMs");

/** The verbs of a resource that callers create under a name. */
function named(noun: string, path: `/${string}`, lists: readonly [Route, ...Route[]], query: readonly Field[]): Verb[] {
  return [
    { name: "list", about: `List ${noun}s.`, routes: lists, query, isList: true },
    { name: "get", about: `Show one ${noun}.`, routes: [`GET ${path}`] },
    {
      name: "put",
      about: `Create the ${noun}, or replace all its settings.`,
      routes: [`PUT ${path}`],
      body: "required",
    },
    {
      name: "patch",
      about: `Change some settings of the ${noun} (JSON merge patch).`,
      routes: [`PATCH ${path}`],
      body: "required",
    },
    { name: "delete", about: `Delete the ${noun}.`, routes: [`DELETE ${path}`] },
  ];
}

const topics: Resource = {
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

const subscriptions: Resource = {
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
        field("state", "without a topic: only active, paused or disabled ones"),
        field("health", "without a topic: only healthy, failing or open ones"),
        field("name", "without a topic: only subscriptions with this name"),
      ],
    ),
    ...deliverySteps,
    {
      name: "test",
      about: "Send a message to the endpoint now, and show the request and the reply.",
      routes: [`POST ${subscriptionPath}/test`],
      body: "optional",
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

const messages: Resource = {
  name: "messages",
  about: "messages: what was published, and what became of it",
  kind: "records",
  id: "id",
  columns: columns("id", "published publishedAt", "type", "tags", "bytes bodyBytes", "state"),
  verbs: [
    {
      name: "list",
      about: "List the messages of a topic, newest first.",
      routes: ["GET /v1/topics/{topic}/messages"],
      isList: true,
      query: [
        ...times,
        field("type", "only messages of this type"),
        field("tag", "only messages with this tag"),
        field("attribute", "only messages with this attribute", "text", "attribute", "name=value"),
        field("subscription", "shows the state of the delivery to this subscription"),
        field("state", "only deliveries in this state; needs --subscription"),
      ],
    },
    { name: "get", about: "Show a message, its deliveries and every attempt.", routes: ["GET /v1/messages/{id}"] },
    {
      name: "retry",
      about: "Send one delivery again now.",
      routes: ["POST /v1/messages/{id}/deliveries/{subscription}/retry"],
    },
    {
      name: "cancel",
      about: "Give up one delivery.",
      routes: ["POST /v1/messages/{id}/deliveries/{subscription}/cancel"],
    },
  ],
  examples: `
  $ ringback messages publish orders '{"id": 17}' --type order.paid --content-type application/json
  $ ringback messages list orders --subscription billing --state dead
  $ ringback messages retry 1099511627777 billing`,
};

const attempts: Resource = {
  name: "attempts",
  about: "attempts: every POST of a subscription",
  kind: "records",
  id: "messageId",
  columns: columns(
    "message messageId",
    "attempt",
    "started startedAt",
    "verdict",
    "status",
    "error errorCode",
    "ms durationMs",
  ),
  verbs: [
    {
      name: "list",
      about: "List the attempts of a subscription, newest first.",
      routes: [`GET ${subscriptionPath}/attempts`],
      isList: true,
      query: [
        ...times,
        field("only", "failed: only attempts that were not accepted"),
        field("verdict", "accepted, failed or error"),
        field("status", "only replies with this HTTP status"),
        field("error", "only attempts with this error code"),
      ],
    },
  ],
  examples: `
  $ ringback attempts list orders billing --only failed
  $ ringback attempts list orders billing --watch`,
};

const deadLetterFilters = [
  field("reason", "only dead letters with this reason"),
  field("status", "only those whose last reply had this HTTP status"),
  ...times,
];
const deadLetterPath = `${subscriptionPath}/dead-letters` as const;

const deadLetters: Resource = {
  name: "dead-letters",
  about: "dead letters: deliveries that were given up",
  kind: "records",
  id: "id",
  columns: columns(
    "id",
    "topic topic message.topic",
    "subscription",
    "died diedAt",
    "reason",
    "attempts",
    "status lastStatus",
    "error lastErrorCode",
    "type message.type",
  ),
  verbs: [
    {
      name: "list",
      about: "List dead letters, newest first: of all subscriptions, or of one.",
      routes: ["GET /v1/dead-letters", `GET ${deadLetterPath}`],
      isList: true,
      query: deadLetterFilters,
    },
    { name: "get", about: "Show a dead letter with its message.", routes: [`GET ${deadLetterPath}/{id}`] },
    {
      name: "redrive",
      about: "Deliver dead letters again: one, or those that the options choose.",
      routes: [`POST ${deadLetterPath}/redrive`, `POST ${deadLetterPath}/{id}/redrive`],
      body: "optional",
      fields: [
        field("id", "a dead letter; may be given several times", "list", "ids"),
        field("all", "all dead letters", "yes"),
        field("reason", "those with this reason; may be given several times", "list", "reasons"),
        ...times,
        field("per-second", "at most this many per second", "count", "perSecond"),
        field("dry-run", "only count them", "yes", "dryRun"),
      ],
    },
    {
      name: "delete",
      about: "Delete one dead letter, or all of them with --all.",
      routes: [`DELETE ${deadLetterPath}`, `DELETE ${deadLetterPath}/{id}`],
      query: [field("all", "all dead letters", "yes")],
    },
  ],
  examples: `
  $ ringback dead-letters list orders billing
  $ ringback dead-letters redrive orders billing --all --per-second 10
  $ ringback dead-letters redrive orders billing 1099511627777`,
};

const replays: Resource = {
  name: "replays",
  about: "replays: messages that are sent again",
  kind: "records",
  id: "id",
  columns: columns(
    "id",
    "kind",
    "topic",
    "subscription",
    "state",
    "matched",
    "sent",
    "waiting",
    "created createdAt",
    "ended endedAt",
  ),
  verbs: [
    { name: "list", about: "List replays, newest first.", routes: ["GET /v1/replays"], isList: true },
    { name: "get", about: "Show a replay with its progress.", routes: ["GET /v1/replays/{id}"], endsWith: "endedAt" },
    {
      name: "watch",
      about: "Show the progress of a replay until it has ended.",
      routes: ["GET /v1/replays/{id}"],
      endsWith: "endedAt",
      isWatch: true,
    },
    {
      name: "create",
      about: "Send messages of a topic again to a subscription.",
      routes: [`POST ${subscriptionPath}/replays`],
      body: "required",
      fields: [
        field("from", "oldest, a time, an age such as 2h, or seq:17", "position"),
        field("to", "a time, an age, or seq:17", "position"),
        field("type", "only messages of this type; may be given several times", "list", "types"),
        field("only", "all, or failed"),
        field("per-second", "at most this many per second", "count", "perSecond"),
        field("dry-run", "only count them", "yes", "dryRun"),
      ],
    },
    {
      name: "patch",
      about: "Change the rate of a replay, pause it or let it go on.",
      routes: ["PATCH /v1/replays/{id}"],
      body: "required",
    },
    { name: "cancel", aliases: ["delete"], about: "Cancel a replay.", routes: ["DELETE /v1/replays/{id}"] },
  ],
  examples: `
  $ ringback replays create orders billing --from 2h --only failed --dry-run
  $ ringback replays watch 1
  $ ringback replays patch 1 --set paused=true`,
};

const hooks: Resource = {
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

const keys: Resource = {
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

const accounts: Resource = {
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

const eventTypes: Resource = {
  name: "event-types",
  about: "event types: the catalogue of message types",
  kind: "settings",
  id: "name",
  columns: columns("name name type", "version", "deprecated", "description", "updated updatedAt"),
  verbs: named("event type", "/v1/event-types/{type}", ["GET /v1/event-types"], [label]),
  examples: `
  $ ringback event-types put invoice.paid -f invoice.paid.yaml`,
};

const inboxes: Resource = {
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

const audit: Resource = {
  name: "audit",
  about: "the record of changes: who changed what",
  kind: "records",
  id: "id",
  columns: columns("at", "who who.name who.id who", "source", "action", "target"),
  verbs: [
    {
      name: "list",
      about: "List changes, newest first.",
      routes: ["GET /v1/audit"],
      isList: true,
      query: [
        ...times,
        field("who", "only changes by this API key"),
        field("action", "only this action"),
        field("target", "only changes of this resource"),
      ],
    },
  ],
  examples: `
  $ ringback audit list --target topics/orders`,
};

const nodes: Resource = {
  name: "nodes",
  about: "nodes: the servers of a cluster",
  kind: "settings",
  id: "id",
  columns: columns("id", "name", "version", "started startedAt", "last_seen lastSeenAt", "alive", "self"),
  verbs: [{ name: "list", about: "List the nodes.", routes: ["GET /v1/nodes"], isList: true }],
  examples: `
  $ ringback nodes list`,
};

export const resources: readonly Resource[] = [
  topics,
  subscriptions,
  messages,
  attempts,
  deadLetters,
  replays,
  hooks,
  inboxes,
  keys,
  accounts,
  eventTypes,
  audit,
  nodes,
];
