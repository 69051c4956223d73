import type { CallOptions } from "./api.ts";
import { copies } from "./copies.ts";

/** Requests to the topics `tagged`, `small` and `routed`. Each request has one fault. */

const mebibyte = 1024 * 1024;
export const publishPath = "/v1/topics/tagged/messages";
const batchPath = `${publishPath}/batch`;
const subscriptionPath = "/v1/topics/tagged/subscriptions/s";
const asJson = { "content-type": "application/json" };
const url = "http://127.0.0.1:9/";

interface BadRequest {
  readonly what: string;
  readonly method?: string;
  readonly path: string;
  readonly send: CallOptions;
  readonly status: number;
  readonly code: string;
  /**
   * The field with the fault. The answer's `detail` and `errors` must name the field. Null when the fault is not in a
   * field.
   */
  readonly field: string | null;
}

function publishing(what: string, message: unknown, status: number, code: string, field: string | null): BadRequest {
  return { what, path: publishPath, send: { json: message }, status, code, field };
}

function subscribing(what: string, settings: object, code: string, field: string): BadRequest {
  return { what, method: "PUT", path: subscriptionPath, send: { json: settings }, status: 400, code, field };
}

function naming(what: string, name: string): BadRequest {
  const path = `/v1/topics/${encodeURIComponent(name)}`;
  return { what, method: "PUT", path, send: { json: {} }, status: 400, code: "invalid_name", field: "topic" };
}

const bodies: BadRequest[] = [
  ["half a JSON object", `{"body":"x"`, "malformed_json"],
  ["a comma too many", `{"body":"x",}`, "malformed_json"],
  ["no body at all", "", "malformed_json"],
  ["a byte order mark", `\uFEFF{"body":"x"}`, "malformed_json"],
  ["invalid UTF-8", new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), "invalid_utf8"],
  ["a million open brackets", "[".repeat(mebibyte), "json_too_complex"],
].map(([what, body, code]) => ({
  what: String(what),
  path: publishPath,
  send: { body: body as string, headers: asJson },
  status: 400,
  code: String(code),
  field: null,
}));

const messages: BadRequest[] = [
  publishing("an array in place of the object", [], 400, "invalid_request", null),
  publishing("null", null, 400, "invalid_request", null),
  publishing("an unknown field", { body: "x", colour: "red" }, 400, "invalid_request", "colour"),
  publishing("no message", { tags: [] }, 400, "invalid_request", "body"),
  publishing("two messages in one", { body: "x", bodyBase64: "eA==" }, 400, "invalid_request", "body"),
  publishing("base64 that is none", { bodyBase64: "e A=" }, 400, "invalid_request", "bodyBase64"),
  publishing("half a surrogate pair", { body: "\ud800" }, 400, "invalid_request", "body"),
  publishing("a text for a list", { body: "x", tags: "a" }, 400, "invalid_request", "tags"),
  publishing("a number for a tag", { body: "x", tags: ["a", 7] }, 400, "invalid_request", "tags[1]"),
  publishing("21 tags", { body: "x", tags: Array<string>(21).fill("a") }, 400, "too_many_tags", "tags"),
  publishing("a tag of 65 characters", { body: "x", tags: ["a".repeat(65)] }, 400, "invalid_tag", "tags[0]"),
  publishing("a tag with a line break", { body: "x", tags: ["a\r\nb: c"] }, 400, "invalid_tag", "tags[0]"),
  publishing("a text for a number", { body: "x", delayMs: "5" }, 400, "invalid_request", "delayMs"),
  publishing("half a millisecond", { body: "x", delayMs: 0.5 }, 400, "invalid_request", "delayMs"),
  publishing("a delay of a day", { body: "x", delayMs: 86_400_000 }, 400, "invalid_request", "delayMs"),
  publishing("attributes that are a list", { body: "x", attributes: [] }, 400, "invalid_request", "attributes"),
  publishing(
    "an attribute that smuggles a header",
    { body: "x", attributes: { a: "b\r\nc: d" } },
    400,
    "invalid_request",
    "attributes.a",
  ),
  publishing("a type of 129 bytes", { body: "x", type: "a".repeat(129) }, 400, "invalid_type", "type"),
  publishing("a body of 1 MiB and a byte", { body: "x".repeat(mebibyte + 1) }, 413, "body_too_large", "body"),
  {
    ...publishing(
      "a type of 33 words",
      { body: "x", type: Array(33).fill("a").join(".") },
      400,
      "invalid_type",
      "type",
    ),
    path: "/v1/topics/routed/messages",
  },
  {
    ...publishing("a body over the topic's own limit", { body: "x".repeat(1025) }, 413, "body_too_large", "body"),
    path: "/v1/topics/small/messages",
  },
  {
    ...publishing("a body over 1 MiB sent as itself", null, 413, "body_too_large", "body"),
    send: { body: new Uint8Array(mebibyte + 1), headers: { "content-type": "image/png" } },
  },
  {
    ...publishing("a request over 8 MiB", null, 413, "request_too_large", null),
    send: { body: new Uint8Array(8 * mebibyte + 1), headers: { "content-type": "image/png" } },
  },
  {
    ...publishing("an Idempotency-Key of 257 characters", null, 400, "invalid_idempotency_key", "Idempotency-Key"),
    send: { json: { body: "x" }, headers: { "idempotency-key": "k".repeat(257) } },
  },
  {
    ...publishing("a compressed body", null, 415, "unsupported_media_type", "Content-Encoding"),
    send: { body: "x", headers: { ...asJson, "content-encoding": "gzip" } },
  },
  {
    ...publishing("an unknown parameter", { body: "x" }, 400, "invalid_request", "color"),
    path: `${publishPath}?color=red`,
  },
  {
    ...publishing("a topic that is not there", { body: "x" }, 404, "topic_not_found", null),
    path: "/v1/topics/none/messages",
  },
];

const batches: BadRequest[] = [
  publishing("no list", {}, 400, "invalid_request", "messages"),
  publishing("an empty list", { messages: [] }, 400, "empty_batch", "messages"),
  publishing("1,001 messages", { messages: copies(1001, { body: "x" }) }, 413, "batch_too_large", "messages"),
  publishing(
    "more than 8 MiB",
    { messages: copies(9, { body: "x".repeat(mebibyte) }) },
    413,
    "request_too_large",
    null,
  ),
  publishing(
    "one bad message among good ones",
    { messages: [{ body: "x" }, { body: "x" }, { body: "x", tags: ["ok", "a".repeat(65)] }] },
    400,
    "invalid_tag",
    "messages[2].tags[1]",
  ),
  publishing(
    "an unknown field in one",
    { messages: [{ body: "x" }, { body: "x", a: 1 }] },
    400,
    "invalid_request",
    "messages[1].a",
  ),
].map((given) => ({ ...given, path: batchPath }));

const names: BadRequest[] = [
  naming("a name that begins with a hyphen", "-abc"),
  naming("a name with a space", "a b"),
  naming("a name with a slash", "a/b"),
  naming("a name that climbs", "../x"),
  naming("a name of 129 characters", "a".repeat(129)),
  naming("a name in another script", "订单"),
  naming("a name with a line break", "a\nb"),
  {
    ...naming("a subscription's name with a colon", ""),
    path: "/v1/topics/tagged/subscriptions/a:b",
    send: { json: { push: { url } } },
    field: "subscription",
  },
];

const topics: BadRequest[] = [
  { settings: { colour: 1 }, code: "invalid_request", field: "colour", status: 400 },
  { settings: { retentionMs: 1 }, code: "invalid_request", field: "retentionMs", status: 400 },
  { settings: { bodyBytesMax: 2 * mebibyte }, code: "invalid_request", field: "bodyBytesMax", status: 400 },
  { settings: { filterType: "tag" }, code: "invalid_request", field: "filterType", status: 400 },
].map(({ settings, ...rest }) => ({
  what: `a topic with ${JSON.stringify(settings)}`,
  method: "PUT",
  path: "/v1/topics/tagged",
  send: { json: settings },
  ...rest,
}));

const patches: BadRequest[] = [
  { patch: { colour: 1 }, code: "invalid_request", field: "colour", status: 400 },
  { patch: { retentionMs: "1" }, code: "invalid_request", field: "retentionMs", status: 400 },
  { patch: { labels: { a: 1 } }, code: "invalid_request", field: "labels.a", status: 400 },
  { patch: [], code: "invalid_request", field: null, status: 400 },
  { patch: {}, headers: { "if-match": '"0-0"' }, code: "precondition_failed", field: null, status: 412 },
  { patch: {}, headers: { "if-match": "0" }, code: "invalid_request", field: "If-Match", status: 400 },
].map(({ patch, headers = {}, ...rest }) => ({
  what: `a patch of a topic with ${JSON.stringify({ patch, headers })}`,
  method: "PATCH",
  path: "/v1/topics/tagged",
  send: { json: patch, headers },
  ...rest,
}));

const subscriptions: BadRequest[] = [
  subscribing("no push", {}, "invalid_request", "push"),
  subscribing("no URL", { push: {} }, "invalid_request", "push.url"),
  ...[
    "ftp://127.0.0.1/",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "127.0.0.1:80",
    "http://",
    "http://u:p@h/",
    "http://h/#x",
    "http://h/ x",
    `http://h/${"x".repeat(2048)}`,
  ].map((bad) => subscribing(`the URL ${bad.slice(0, 30)}`, { push: { url: bad } }, "invalid_url", "push.url")),
  subscribing("an unknown protocol", { push: { url, protocol: "smtp" } }, "unknown_protocol", "push.protocol"),
  subscribing("an unknown field of push", { push: { url, method: "GET" } }, "invalid_request", "push.method"),
  subscribing(
    "a header of the transport's",
    { push: { url, headers: { Host: "x" } } },
    "invalid_request",
    "push.headers.Host",
  ),
  subscribing(
    "a header with a line break",
    { push: { url, headers: { a: "b\r\nc: d" } } },
    "invalid_request",
    "push.headers.a",
  ),
  subscribing("a timeout under a second", { push: { url, timeoutMs: 999 } }, "invalid_request", "push.timeoutMs"),
  subscribing("a timeout over a minute", { push: { url, timeoutMs: 60_001 } }, "invalid_request", "push.timeoutMs"),
  subscribing(
    "an unknown connection mode",
    { push: { url, connection: "upgrade" } },
    "invalid_request",
    "push.connection",
  ),
  subscribing(
    "21 tags",
    { push: { url }, filter: { tags: Array<string>(21).fill("a") } },
    "too_many_tags",
    "filter.tags",
  ),
  subscribing(
    "a type pattern of 129 bytes",
    { push: { url }, filter: { types: ["a".repeat(129)] } },
    "invalid_type_pattern",
    "filter.types[0]",
  ),
  subscribing("an unknown retry policy", { push: { url }, retry: "FOREVER" }, "invalid_retry_policy", "retry"),
  subscribing(
    "a negative delay",
    { push: { url }, retry: { delaysMs: [1, -1] } },
    "invalid_retry_policy",
    "retry.delaysMs[1]",
  ),
  subscribing("an unknown order", { push: { url }, order: "random" }, "invalid_request", "order"),
  subscribing("an empty window", { push: { url }, maxInFlight: 0 }, "invalid_request", "maxInFlight"),
  subscribing("a start at no time", { push: { url }, start: { at: "yesterday" } }, "invalid_request", "start.at"),
  subscribing("a start before the first", { push: { url }, start: { seq: 0 } }, "invalid_request", "start.seq"),
];

const elsewhere: BadRequest[] = [
  {
    what: "an unknown path",
    method: "GET",
    path: "/v2/topics",
    send: {},
    status: 404,
    code: "route_not_found",
    field: null,
  },
  {
    what: "a method that is not served",
    method: "POST",
    path: "/v1/topics/tagged",
    send: {},
    status: 405,
    code: "method_not_allowed",
    field: null,
  },
  {
    what: "a page too large",
    method: "GET",
    path: "/v1/topics?limit=201",
    send: {},
    status: 400,
    code: "invalid_request",
    field: "limit",
  },
  {
    what: "a cursor of somebody else's",
    method: "GET",
    path: "/v1/topics?after=abc",
    send: {},
    status: 400,
    code: "invalid_cursor",
    field: "after",
  },
  {
    what: "an id that is none",
    method: "GET",
    path: "/v1/messages/12x",
    send: {},
    status: 404,
    code: "message_not_found",
    field: null,
  },
  {
    what: "JSON of another type",
    method: "PUT",
    path: "/v1/topics/tagged",
    send: { body: "{}", headers: { "content-type": "text/json" } },
    status: 415,
    code: "unsupported_media_type",
    field: "Content-Type",
  },
];

export const badRequests: readonly (readonly [what: string, readonly BadRequest[]])[] = [
  ["a request's body", bodies],
  ["a message", messages],
  ["a batch", batches],
  ["a name", names],
  ["a topic's settings", topics],
  ["a patch", patches],
  ["a subscription's settings", subscriptions],
  ["anything else", elsewhere],
];
