/**
 * Tests of the SDK for every runtime, in plain JavaScript with nothing but Node and the published package. Prints a
 * report as JSON. runtimes.test.ts runs this file. To run it by hand, use `node runtime-suite.mjs` in a folder with
 * `@ringback/sdk` installed.
 */

import assert from "node:assert/strict";
import { createServer } from "node:http";

import { createClient, LimitError, NotFoundError } from "@ringback/sdk/client";
import { createHooks } from "@ringback/sdk/hooks";
import { createOpencardReceiver, found, noResult, opencard } from "@ringback/sdk/opencard";
import { hookProtocols, jsonHook, koipy, pushProtocols, raw, standardWebhooks } from "@ringback/sdk/protocols";
import {
  createCloudEventsReceiver,
  createCmqReceiver,
  createHookReceiver,
  createKoipyReceiver,
  createReceiver,
  createWebhookReceiver,
  createWechatReceiver,
  file,
  image,
  merge,
  messageJson,
  messageText,
  receive,
  reject,
  text,
  toFetchHandler,
  toNodeHandler,
} from "@ringback/sdk/receive";

const checks = new Map();
const check = (name, body) => checks.set(name, body);

// ---- samples

const sentAtMs = 1_700_000_000_000;
const clock = () => sentAtMs;
const messageBody = '{"id": 12345678901234567890, "名": "é😀"}';
const delivery = {
  topicOwner: 100015036,
  topic: "MyTopic",
  subscription: "mysubscription",
  messageId: "18446744073709551615",
  requestId: "2394928734",
  attempt: 3,
  publishedAtMs: sentAtMs - 5000,
  sentAtMs,
  body: new TextEncoder().encode(messageBody),
  contentType: "application/json",
  tags: ["a", "标签"],
  type: null,
  orderingKey: null,
  attributes: {},
};
const secret = { kid: "secret", jwk: { kty: "oct", k: "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY" } };
/** The first key pair of RFC 8032 section 7.1. */
const pair = {
  kid: "pair",
  jwk: {
    kty: "OKP",
    crv: "Ed25519",
    d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
  },
};
const publicHalf = "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

/** Serves the receiver on the loopback interface while `use` runs. */
async function served(receiver, use) {
  const server = createServer(toNodeHandler(receiver));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await use(`http://127.0.0.1:${server.address().port}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

async function posted(url, { headers, body }) {
  const pairs = [];
  for (let at = 0; at < headers.length; at += 2) pairs.push([headers[at], headers[at + 1]]);
  const response = await fetch(url, { method: "POST", headers: pairs, body });
  const reply = new Uint8Array(await response.arrayBuffer());
  return { status: response.status, headers: Object.fromEntries(response.headers), body: reply };
}

// ---- push dialects

// A message in MNS has at most one tag.
const tagged = (protocol) => (protocol.name.startsWith("mns-") ? { ...delivery, tags: ["标签"] } : delivery);

for (const protocol of pushProtocols) {
  const keys = protocol.keys === "required" ? [secret, pair] : [];
  check(`${protocol.name}: what the sender writes comes to the handler`, async () => {
    const messages = [];
    const onMessage = (message) => messages.push(message);
    await served(createReceiver({ protocol, keys, clock, onMessage }), async (url) => {
      const reply = await posted(url, await protocol.encode(tagged(protocol), keys));
      assert.deepEqual(protocol.interpret(reply), { kind: "accepted" });
    });
    assert.equal(messages.length, 1);
    assert.equal(messageText(messages[0]), messageBody);
    assert.equal(messages[0].protocol, protocol.name);
  });
  check(`${protocol.name}: a handler that fails makes the sender try again`, async () => {
    const failing = { onMessage: () => Promise.reject(new Error("no")), onError: () => undefined };
    await served(createReceiver({ protocol, keys, clock, ...failing }), async (url) => {
      const reply = await posted(url, await protocol.encode(tagged(protocol), keys));
      assert.equal(protocol.interpret(reply).kind, "failed");
    });
  });
}

check("headers carry text outside ASCII", async () => {
  const messages = [];
  await served(createReceiver({ protocol: raw, onMessage: (message) => messages.push(message) }), async (url) =>
    posted(url, raw.encode({ ...delivery, type: "订单.paid", attributes: { name: "Zoë" } })),
  );
  assert.deepEqual(messages[0].tags, ["a", "标签"]);
  assert.equal(messages[0].type, "订单.paid");
  assert.equal(messages[0].attributes.name, "Zoë");
});

check("createCmqReceiver takes both formats, each message once", async () => {
  const bodies = [];
  const receiver = createCmqReceiver({
    deduplicate: true,
    onMessage: (message) => bodies.push(messageJson(message)["名"]),
  });
  await served(receiver, async (url) => {
    for (const name of ["cmq-json", "cmq-json", "cmq-simplified", "cmq-simplified"]) {
      const protocol = pushProtocols.find((candidate) => candidate.name === name);
      assert.equal((await posted(url, protocol.encode(delivery, []))).status, 200);
    }
  });
  // The message was handled once: only its id is compared, because the simplified format has no topic.
  assert.deepEqual(bodies, ["é😀"]);
});

check("createWechatReceiver keeps every digit of an id", async () => {
  const ids = [];
  const body = new TextEncoder().encode('{"pushType":1,"data":{"msgSvrID":1234567890123456789012}}');
  await served(createWechatReceiver({ onPush: (push) => ids.push(push.data.msgSvrID) }), (url) =>
    posted(url, { headers: ["Content-Type", "application/json"], body }),
  );
  assert.deepEqual(ids, ["1234567890123456789012"]);
});

check("createCloudEventsReceiver takes both modes", async () => {
  const modes = [];
  await served(createCloudEventsReceiver({ onMessage: ({ protocol }) => modes.push(protocol) }), async (url) => {
    for (const name of ["cloudevents", "cloudevents-binary"]) {
      const protocol = pushProtocols.find((candidate) => candidate.name === name);
      assert.equal((await posted(url, protocol.encode(delivery, []))).status, 204);
    }
  });
  assert.deepEqual(modes, ["cloudevents", "cloudevents-binary"]);
});

// ---- signatures

check("the signatures are the ones that every other library makes", async () => {
  const { headers } = await standardWebhooks.encode(
    { ...delivery, messageId: "6942316962", sentAtMs: 11203433_000, body: Buffer.from('{"id": 12345678901234567890}') },
    [
      { kid: "old", jwk: { kty: "oct", k: "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" } },
      { kid: "pair", jwk: pair.jwk },
    ],
  );
  assert.equal(
    headers[headers.indexOf("webhook-signature") + 1],
    "v1,ryy8eJ4pnzz/lIvkC5tZzyLlxQc9Ea5lslKXO9MtI0k= v1a,8hxOY8gmHW/QdjbLpDVoi0vJv0sRtG+9qTK1c8nVAdH7hQijMUpEcV8dkTY7H17nuliSppjp1Dy+R8MiHbgXBQ==",
  );
});

for (const key of [secret, pair]) {
  check(`createWebhookReceiver trusts what a ${key.jwk.kty} key has signed, and nothing else`, async () => {
    const refused = [];
    const receiver = createWebhookReceiver({
      secrets: key === pair ? publicHalf : key.jwk,
      clock,
      onMessage: () => undefined,
      onRefused: (error) => refused.push(error.reason),
    });
    await served(receiver, async (url) => {
      const signed = await standardWebhooks.encode(delivery, [key]);
      assert.equal((await posted(url, signed)).status, 204);
      assert.equal((await posted(url, { ...signed, body: Buffer.from("{}") })).status, 403);
      const late = await standardWebhooks.encode({ ...delivery, sentAtMs: sentAtMs - 301_000 }, [key]);
      assert.equal((await posted(url, late)).status, 403);
    });
    assert.deepEqual(refused, ["wrong_signature", "timestamp_out_of_tolerance"]);
  });
}

// ---- hooks

const payload = { message: { text: "/test" }, result: { 节点名称: ["a"] } };

async function outcomeOf(receiver, settings, path = "") {
  return await served(receiver, (url) =>
    createHooks({ hook: { urls: [url + path], ...settings } }).call("hook", payload),
  );
}

for (const protocol of hookProtocols) {
  check(`${protocol.name}: createHooks and a receiver understand each other`, async () => {
    const answers = [undefined, merge({ result: { 新列: [1] } }), reject("拉黑")];
    const outcomes = [];
    for (const answer of answers) {
      outcomes.push(
        await outcomeOf(createHookReceiver({ protocol, onCall: () => answer }), { protocol: protocol.name }),
      );
    }
    assert.deepEqual(
      outcomes.map(({ action, reason, error }) => ({ action, reason, error })),
      [
        { action: "continue", reason: null, error: null },
        { action: "continue", reason: null, error: null },
        { action: "reject", reason: "拉黑", error: null },
      ],
    );
    assert.deepEqual(outcomes[0].data, payload);
    assert.deepEqual(outcomes[1].data.result["新列"], [1]);
  });
}

check("createKoipyReceiver: a picture, a text and a file", async () => {
  const answers = [image(png, "image/png"), text("提示"), file(new Uint8Array([1, 2]), "表.csv")];
  for (const answer of answers) {
    const outcome = await outcomeOf(createKoipyReceiver({ onResult: () => answer }), {}, "/onResult");
    assert.equal(outcome.error, null);
    assert.deepEqual(
      outcome.attachments.map(({ kind, filename, body }) => ({ kind, filename, body: [...body] })),
      answer.attachments.map(({ kind, filename, body }) => ({ kind, filename, body: [...body] })),
    );
  }
});

check("a hook without a server fails as its onError says", async () => {
  const closed = await served(createHookReceiver({ protocol: koipy, onCall: () => undefined }), (url) => url);
  const hooks = createHooks({ open: { urls: [closed] }, shut: { urls: [closed], onError: "reject" } });
  const open = await hooks.call("open", payload);
  const shut = await hooks.call("shut", payload);
  assert.deepEqual([open.action, open.error], ["continue", "unreachable"]);
  assert.deepEqual([shut.action, shut.error], ["reject", "unreachable"]);
  assert.ok(!shut.reason.includes("127.0.0.1"));
});

// ---- Opencard

const opencardKey = { kid: "0", jwk: { kty: "oct", k: "MDEyMzQ1Njc4OWFiY2RlZg" } };
const cardCall = { type: "sp_ala", srcid: "123", surface: "mobile", intent: { name: "故宫" } };

check("Opencard: createHooks and createOpencardReceiver understand each other", async () => {
  const cards = { 123: ({ intent }) => found({ seen: intent.name }), 124: () => noResult("nothing") };
  const receiver = createOpencardReceiver({ keys: { 0: opencardKey.jwk }, cards });
  await served(receiver, async (url) => {
    const hooks = createHooks({ card: { urls: [url], protocol: opencard, key: opencardKey } });
    const answered = await hooks.call("card", cardCall);
    assert.deepEqual([answered.action, answered.error], ["continue", null]);
    assert.deepEqual(answered.data.data, { seen: "故宫" });
    assert.equal((await hooks.call("card", { ...cardCall, srcid: "124" })).reason, "nothing");
    assert.equal((await hooks.call("card", { ...cardCall, srcid: "999" })).data.status, 2);
    assert.equal((await posted(url, { headers: [], body: Buffer.from("no token") })).status, 400);
  });
});

// ---- receiving

check("receive gives a message or a typed error", async () => {
  const request = { method: "POST", headers: {}, body: new Uint8Array(0) };
  await assert.rejects(receive(request, { protocol: raw, nowMs: 0 }), { name: "ReceiveError", code: "undecodable" });
  const call = { ...request, body: Buffer.from('{"a":1}') };
  assert.deepEqual((await receive(call, { protocol: jsonHook, nowMs: 0 })).payload, { a: 1 });
});

check("Fetch: a Request comes in and a Response goes out", async () => {
  const handler = toFetchHandler(createReceiver({ protocol: raw, onMessage: () => undefined, bodyBytesMax: 1000 }));
  const { headers, body } = raw.encode(delivery);
  const pairs = [];
  for (let at = 0; at < headers.length; at += 2) pairs.push([headers[at], headers[at + 1]]);
  const url = "http://example.com/";
  assert.equal((await handler(new Request(url, { method: "POST", headers: pairs, body }))).status, 204);
  assert.equal((await handler(new Request(url))).status, 405);
  assert.equal((await handler(new Request(url, { method: "POST", body: new Uint8Array(1001) }))).status, 413);
});

check("a body past its bound is answered with 413, and the next one is taken", async () => {
  await served(createReceiver({ protocol: raw, onMessage: () => undefined, bodyBytesMax: 100 }), async (url) => {
    assert.equal((await posted(url, { headers: [], body: new Uint8Array(100_000) })).status, 413);
    assert.equal((await posted(url, raw.encode(delivery))).status, 204);
  });
});

// ---- the client

/** Answers requests as the function says, while `use` runs. */
async function answering(answer, use) {
  const server = createServer(async (request, response) => {
    const body = (await request.toArray()).join("");
    const { status = 200, headers = {}, text } = answer({ path: request.url, headers: request.headers, body });
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(text);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await use(createClient({ url: `http://127.0.0.1:${server.address().port}`, token: "rbk_1" }));
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

check("client: a publish is repeated with its key, and an error is a class with a code", async () => {
  const seen = [];
  const answer = (request) => {
    seen.push(request);
    if (seen.length === 1) return { status: 503, headers: { "retry-after": "0" }, text: "{}" };
    if (seen.length === 2) return { status: 201, text: '{"id":"1","seq":1}' };
    return { status: 404, text: '{"code":"topic_not_found","detail":"none","status":404}' };
  };
  await answering(answer, async (client) => {
    assert.equal((await client.publish("t", { body: "b" })).seq, 1);
    assert.deepEqual([seen[1].body, seen[1].headers.authorization], ['{"body":"b"}', "Bearer rbk_1"]);
    assert.equal(seen[0].headers["idempotency-key"], seen[1].headers["idempotency-key"]);
    await assert.rejects(client.publish("t", { body: "b" }), (error) => {
      return error instanceof NotFoundError && !(error instanceof LimitError) && error.code === "topic_not_found";
    });
  });
});

const listsAndEvents = ({ path }) => {
  if (path.startsWith("/v1/events")) {
    const text = 'id: 7\nevent: topic.changed\ndata: {"type":"topic.changed","topic":"t"}\n\n';
    return { headers: { "content-type": "text/event-stream" }, text };
  }
  return { text: path.includes("after=2") ? '{"items":[3],"next":null}' : '{"items":[1,2],"next":"2"}' };
};

check("client: lists are read page by page, and events are parsed", async () => {
  await answering(listsAndEvents, async (client) => {
    const items = [];
    for await (const item of client.list("/v1/topics")) items.push(item);
    assert.deepEqual(items, [1, 2, 3]);
    for await (const event of client.events()) {
      assert.deepEqual(event, { type: "topic.changed", topic: "t" });
      break;
    }
  });
});

const batches = ({ body }) => {
  const messages = JSON.parse(body).messages.map((_, index) => ({ seq: index + 1 }));
  return { status: 201, text: JSON.stringify({ messages }) };
};

check("client: a publisher makes one request of many messages", async () => {
  await answering(batches, async (client) => {
    const publisher = client.publisher("t");
    const published = await Promise.all([1, 2, 3].map((body) => publisher.publish({ body })));
    assert.deepEqual(published, [{ seq: 1 }, { seq: 2 }, { seq: 3 }]);
    await publisher.close();
  });
});

// ---- the run

const passed = [];
const failed = [];
for (const [name, body] of checks) {
  try {
    await body();
    passed.push(name);
  } catch (error) {
    failed.push(`${name}: ${error.stack}`);
  }
}
console.log(JSON.stringify({ node: process.version, passed, failed }, null, 2));
