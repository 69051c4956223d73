import { columns, field, subscriptionPath, times } from "./resource-parts.ts";
import type { Resource } from "./resource.ts";

/** Resources that the server records. */

export const messages: Resource = {
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
        field("attribute", "only messages with this attribute", "text", "attribute", "name:value"),
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

export const attempts: Resource = {
  name: "attempts",
  about: "attempts: every POST of a subscription",
  kind: "records",
  id: "id",
  columns: columns(
    "message messageId",
    "attempt",
    "started startedAt",
    "verdict",
    "status",
    "error errorCode",
    "ms durationMs",
    "id",
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
    {
      name: "get",
      about: "Show an attempt with its request and its reply, if they were kept.",
      routes: [`GET ${subscriptionPath}/attempts/{id}`],
    },
  ],
  examples: `
  $ ringback attempts list orders billing --only failed
  $ ringback attempts list orders billing --watch
  $ ringback attempts get orders billing 1099511627777-1-1790000000000`,
};

const deadLetterFilters = [
  field("reason", "only dead letters with this reason"),
  field("status", "only those whose last reply had this HTTP status"),
  ...times,
];
const deadLetterPath = `${subscriptionPath}/dead-letters` as const;

export const deadLetters: Resource = {
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
        field(
          "status",
          "those whose last reply had this HTTP status; may be given several times",
          "counts",
          "statuses",
        ),
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
  $ ringback dead-letters redrive orders billing --status 503 --from 2h --dry-run
  $ ringback dead-letters redrive orders billing 5a2db2cf6abce1d8806e271e6f319b2f`,
};

export const replays: Resource = {
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
        field("target", "another subscription of the topic that gets the messages"),
        field("order", "separate (the default), or live: the copies take part in the order of deliveries"),
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

export const expressions: Resource = {
  name: "expressions",
  about: "expressions: filters and transformations, tried on a message",
  kind: "records",
  id: "result",
  columns: columns("result", "error error.message"),
  verbs: [
    {
      name: "test",
      about: "Evaluate an expression or a transformation for a message. Nothing is sent.",
      routes: ["POST /v1/expressions/test"],
      body: "required",
      failureOf: ({ error }) => (error === null ? null : "the expression has failed for this message"),
      fields: [
        field("expression", "a CEL expression, as in filter.where"),
        field(
          "transform-body",
          "the body that the transformation makes, as a CEL expression",
          "text",
          "transform.body",
        ),
        field("transform-url", "the URL that the transformation makes, as a CEL expression", "text", "transform.url"),
        field("message-id", "the id of a stored message, instead of --set message.body=…", "text", "messageId"),
      ],
    },
  ],
  examples: `
  $ ringback expressions test --expression 'data.amount > 100' --set 'message.body={"amount": 120}'
  $ ringback expressions test --transform-body "{'total': data.amount}" --message-id 1099511627777`,
};

export const audit: Resource = {
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

export const statistics: Resource = {
  name: "statistics",
  about: "statistics: what happened over time, and what waits now",
  kind: "records",
  id: "from",
  columns: columns("from", "to"),
  verbs: [
    {
      name: "get",
      about: "Show counts and latencies, by default of the last hour.",
      routes: ["GET /v1/statistics"],
      query: [
        ...times,
        field("topic", "only this topic"),
        field("subscription", "only this subscription of the topic"),
        field("points", "the largest number of steps", "count"),
      ],
    },
  ],
  examples: `
  $ ringback statistics get --topic orders --points 12 --json`,
};
