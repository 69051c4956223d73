/**
 * Real: the server inside the test's process, its database, HTTP. Faked: accounts at their limits. Their rows are
 * written into the database before the server starts. Requests come from a client in the test harness, because no SDK
 * sends most of them.
 */
import { readFileSync } from "node:fs";
import { expect, describe, it } from "vitest";
import { makeKeyPair, withMasterKey, type KeyPair } from "../harness/cmq/account.ts";
import { useCmqServer } from "../harness/cmq/running-server.ts";
import { SignedCaller, commonParameters, formOf, signatureOf, signedForm } from "../harness/cmq/signed-caller.ts";
import type { CmqAnswer, Parameters } from "../harness/cmq/signed-caller.ts";
import { temporaryFolder } from "../harness/folder.ts";
import { Server } from "../harness/server.ts";
import { cmqLimits } from "../../src/compat/cmq/cmq-limits.ts";

const given = useCmqServer();

type Provoke = (call: SignedCaller["call"], caller: SignedCaller) => Promise<CmqAnswer>;

interface Case {
  readonly code: number;
  readonly module: number;
  readonly by: string;
  readonly provoke: Provoke;
}

function refused(code: number, module: number, by: string, provoke: Provoke): Case {
  return { code, module, by, provoke };
}

function byCall(code: number, module: number, by: string, action: string, parameters: Parameters = {}): Case {
  return refused(code, module, by, (call) => call(action, parameters));
}

const host = () => new URL(given().server.url).host;
const nowS = () => Math.floor(Date.now() / 1000);
const many = (name: string, count: number, value = "x") =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`${name}.${index}`, value]));

/** Number in the last name that `fresh` has used. Each case gets a topic or queue with a new name. */
let last = 0;
async function fresh(call: SignedCaller["call"], action: "CreateTopic" | "CreateQueue", parameters: Parameters = {}) {
  const name = `fresh-${++last}`;
  const parameter = action === "CreateTopic" ? "topicName" : "queueName";
  const { code, message } = await call(action, { [parameter]: name, ...parameters });
  if (code !== 0) throw new Error(`${action} was answered ${code}: ${message}`);
  return { [parameter]: name };
}

const endpoint = "http://127.0.0.1:9/";
const subscription = { subscriptionName: "s", protocol: "http", endpoint };

function ofTopic(
  code: number,
  module: number,
  by: string,
  action: string,
  more: Parameters,
  settings: Parameters = {},
) {
  return refused(code, module, by, async (call) =>
    call(action, { ...(await fresh(call, "CreateTopic", settings)), ...more }),
  );
}

function ofQueue(
  code: number,
  module: number,
  by: string,
  action: string,
  more: Parameters,
  settings: Parameters = {},
) {
  return refused(code, module, by, async (call) =>
    call(action, { ...(await fresh(call, "CreateQueue", settings)), ...more }),
  );
}

function ofSubscription(
  code: number,
  module: number,
  by: string,
  action: string,
  more: Parameters,
  settings: Parameters = {},
) {
  return refused(code, module, by, async (call) => {
    const topic = await fresh(call, "CreateTopic");
    await call("Subscribe", { ...topic, ...subscription, ...settings });
    return call(action, { ...topic, ...more });
  });
}

const byRoute = { filterType: 2 };

const cases: readonly Case[] = [
  byCall(4000, 10020, "a queue's name that begins with a digit", "CreateQueue", { queueName: "1st" }),
  byCall(4000, 10020, "a queue's name of 65 characters", "GetQueueAttributes", { queueName: "q".repeat(65) }),
  ofTopic(4000, 10110, "a binding key where the topic filters by tag", "Subscribe", {
    ...subscription,
    "bindingKey.1": "a",
  }),
  ofQueue(4000, 10120, "an empty message", "SendMessage", { msgBody: "" }),
  ofTopic(4000, 10120, "an empty message of a batch", "BatchPublishMessage", { "msgBody.0": "x", "msgBody.1": "" }),
  byCall(4000, 10280, "an unknown action", "DropEverything"),
  byCall(4000, 10280, "an action in other letters", "listqueue"),
  byCall(4000, 10280, "an action named as a prototype's member", "constructor"),
  ofTopic(4000, 10310, "an index that is none", "Subscribe", { ...subscription, "filterTag.a": "x" }),
  refused(4000, 10330, "a parameter that is given twice", (_call, caller) =>
    caller.send("POST", `${signedForm(given().pair, host(), "ListQueue", { limit: 3 })}&limit=3`),
  ),
  byCall(4000, 10350, "a limit that is beyond its range", "ListTopic", { limit: 51 }),
  byCall(4000, 10350, "a visibility timeout of thirteen hours", "CreateQueue", {
    queueName: "q",
    visibilityTimeout: 46800,
  }),
  byCall(4000, 10350, "a size of messages below its range", "CreateTopic", { topicName: "t", maxMsgSize: 1023 }),
  byCall(4000, 10360, "letters where a number belongs", "ListTopic", { limit: "ten" }),
  ofQueue(4000, 10370, "a batch of seventeen", "BatchSendMessage", many("msgBody", 17)),
  ofQueue(4000, 10370, "seventeen messages at once", "BatchReceiveMessage", { numOfMsg: 17 }),
  ofQueue(4000, 10370, "no message at once", "BatchReceiveMessage", { numOfMsg: 0 }),
  ofQueue(4000, 10380, "a batch with a gap", "BatchSendMessage", { "msgBody.0": "a", "msgBody.2": "b" }),
  ofQueue(4000, 10380, "a batch that begins at two", "BatchSendMessage", { "msgBody.2": "a", "msgBody.3": "b" }),
  byCall(4000, 10390, "no name of a queue", "CreateQueue"),
  ofQueue(4000, 10390, "no message", "SendMessage", {}),
  refused(4000, 10410, "PUT", (_call, caller) => caller.send("PUT", "")),
  refused(4000, 10420, "half an escape", (_call, caller) => caller.send("POST", "Action=%e4%b")),
  refused(4000, 10420, "more than a megabyte, three times over", (_call, caller) =>
    caller.send("POST", `msgBody=${"x".repeat(cmqLimits.requestBytesMax)}`),
  ),
  refused(4000, 10420, "more parameters than anything has", (call) =>
    call("ListQueue", many("p", cmqLimits.parametersMax)),
  ),
  refused(4000, 10450, "a SecretId that is none", (_call, caller) =>
    caller.send("POST", signedForm({ ...given().pair, secretId: "HMM" }, host(), "ListQueue", {})),
  ),
  ofQueue(4000, 10470, "a receipt handle of characters that none has", "DeleteMessage", {
    receiptHandle: "not/one",
  }),
  ofTopic(4000, 10490, "six filter tags", "Subscribe", { ...subscription, ...many("filterTag", 6) }),
  ofTopic(4000, 10500, "an endpoint of another scheme", "Subscribe", {
    ...subscription,
    endpoint: "ftp://example.com/",
  }),
  ofTopic(4000, 10510, "a protocol that is neither", "Subscribe", { ...subscription, protocol: "smtp" }),
  ofTopic(4000, 10520, "a strategy that is neither", "Subscribe", { ...subscription, notifyStrategy: "NEVER" }),
  ofTopic(4000, 10530, "a format that is neither", "Subscribe", { ...subscription, notifyContentFormat: "XML" }),
  ofSubscription(4000, 10540, "a topic that has subscriptions", "DeleteTopic", {}),
  byCall(4000, 10580, "a topic's name with a blank", "CreateTopic", { topicName: "my topic" }),
  byCall(4000, 10580, "a topic's name that ends a string", "GetTopicAttributes", {
    topicName: "t'; DROP TABLE topic;--",
  }),
  ofTopic(4000, 10590, "a subscription's name with a slash", "Subscribe", { ...subscription, subscriptionName: "a/b" }),
  ofTopic(4000, 10630, "an endpoint with a password", "Subscribe", {
    ...subscription,
    endpoint: "http://a:b@example.com/",
  }),
  ofTopic(4000, 10640, "JSON for a queue", "Subscribe", { ...subscription, protocol: "queue", endpoint: "q" }),
  ofTopic(4000, 10680, "six binding keys", "Subscribe", { ...subscription, ...many("bindingKey", 6) }, byRoute),
  ofTopic(4000, 10691, "sixteen dots", "Subscribe", { ...subscription, "bindingKey.0": ".".repeat(16) }, byRoute),
  ofQueue(4000, 10692, "a delay of thirteen hours", "SendMessage", { msgBody: "x", delaySeconds: 46800 }),
  ofTopic(4000, 10700, "no routing key", "PublishMessage", { msgBody: "x" }, byRoute),
  ofTopic(4000, 10710, "no binding key", "Subscribe", subscription, byRoute),
  ofTopic(4000, 10720, "six tags of a message", "PublishMessage", { msgBody: "x", ...many("msgTag", 6) }),
  refused(4100, 10030, "no signature", (_call, caller) => caller.send("GET", "Action=ListQueue")),
  refused(4100, 10030, "a signature over other parameters", (_call, caller) => {
    const form = signedForm(given().pair, host(), "ListQueue", {}, "GET");
    return caller.send("GET", `${form}&limit=1`);
  }),
  refused(4100, 10270, "a SecretId that nobody has", (_call, caller) =>
    caller.send("POST", signedForm({ ...given().pair, secretId: "AKIDnobody" }, host(), "ListQueue", {})),
  ),
  refused(4100, 10080, "a key whose role is not enough", async (_call, caller) => {
    const json = { name: "reader", role: "read" };
    const reader = await given().server.api.ok<KeyPair>("POST", "/v1/api-keys", { json });
    return caller.send("POST", signedForm(reader, host(), "CreateQueue", { queueName: "q" }));
  }),
  refused(4300, 10040, "a timestamp of ten minutes ago", (call) => call("ListQueue", { Timestamp: nowS() - 600 })),
  refused(4300, 10040, "a timestamp of ten minutes ahead", (call) => call("ListQueue", { Timestamp: nowS() + 600 })),
  refused(4300, 10040, "a request that was sent before", async (_call, caller) => {
    const form = signedForm(given().pair, host(), "ListQueue", {});
    await caller.send("POST", form);
    return caller.send("POST", form);
  }),
  ofQueue(
    4400,
    10230,
    "a message larger than the queue's",
    "SendMessage",
    { msgBody: "x".repeat(1025) },
    { maxMsgSize: 1024 },
  ),
  ofSubscription(4400, 10230, "a message larger than the topic's", "PublishMessage", { msgBody: "x".repeat(65537) }),
  refused(4410, 10240, "a queue that is full", async (call) => {
    const queue = await fresh(call, "CreateQueue", { maxMsgHeapNum: 1 });
    await call("SendMessage", { ...queue, msgBody: "one" });
    return call("SendMessage", { ...queue, msgBody: "two" });
  }),
  ofQueue(4430, 10260, "a receipt handle of something else", "DeleteMessage", { receiptHandle: "1-1-1-1" }),
  byCall(4440, 10100, "a queue that is not there", "SendMessage", { queueName: "nowhere", msgBody: "x" }),
  byCall(4440, 10100, "a queue to delete that is not there", "DeleteQueue", { queueName: "nowhere" }),
  byCall(4440, 10600, "a topic that is not there", "PublishMessage", { topicName: "nowhere", msgBody: "x" }),
  ofTopic(4440, 10600, "a subscription that is not there", "Unsubscribe", { subscriptionName: "nowhere" }),
  refused(4460, 10550, "a queue that is there in other letters", async (call) => {
    const { queueName } = await fresh(call, "CreateQueue");
    return call("CreateQueue", { queueName: String(queueName).toUpperCase() });
  }),
  refused(4460, 10550, "a topic that is there in other letters", async (call) => {
    const { topicName } = await fresh(call, "CreateTopic");
    return call("CreateTopic", { topicName: String(topicName).toUpperCase() });
  }),
  ofQueue(
    4470,
    10300,
    "messages that are too large together",
    "BatchSendMessage",
    many("msgBody", 16, "x".repeat(65537)),
    { maxMsgSize: 1048576 },
  ),
  ofSubscription(4490, 10470, "a subscription that is there in other letters", "Subscribe", {
    ...subscription,
    subscriptionName: "S",
  }),
  refused(6010, 10150, "receiptHandles some of which are over", async (call) => {
    const queue = await fresh(call, "CreateQueue");
    await call("SendMessage", { ...queue, msgBody: "x" });
    const { receiptHandle = "" } = await call("ReceiveMessage", queue);
    return call("BatchDeleteMessage", { ...queue, "receiptHandle.1": receiptHandle, "receiptHandle.2": "1-1-1-1" });
  }),
  ofTopic(6030, 10650, "a topic without subscriptions", "PublishMessage", { msgBody: "x" }),
  ofSubscription(6030, 10730, "tags that nobody wants", "PublishMessage", { msgBody: "x" }, { "filterTag.0": "a" }),
  ofQueue(7000, 10200, "an empty queue", "ReceiveMessage", {}),
  ofQueue(7000, 10200, "an empty queue, for a batch", "BatchReceiveMessage", { numOfMsg: 16 }),
];

/** Codes that are tested below on separate servers, or in the slow tests. */
const elsewhere = ["4450/10220", "4450/10610", "4500/10480", "6000/10050", "4420/10250", "6070/10690"];

/** Documented codes that no request can cause here. */
const never: Readonly<Record<string, string>> = {
  "4000/10000": "each fault has a code of its own",
  "4000/10010": "10390 says which parameter is missing",
  "4000/10320": "parameters that nobody knows are ignored: SDKs send some",
  "4000/10400": "10390 says it, wherever the parameter was looked for",
  "4000/10430": "a fault of the cloud's own gateway",
  "4000/10440": "a fault of the cloud's own gateway",
  "4000/10461": "a fault of the cloud's own gateway",
  "4000/10620": "10020, 10580 and 10590 say whose name it is",
  "4000/10670": "10490 says it",
  "4100/10031": "10030 says it",
  "4100/10032": "10030 says it",
  "4480/10460": "no action is bounded in how often it may be called",
  "4510/10570": "HTTP has no blanks in URLs: the server's parser refuses them below this API",
  "5100/100004": "a fault of the cloud's own gateway",
  "6020/10290": "an internal fault of the cloud's",
  "6040/10660": "a name can be used again at once",
  "6050/10740": "an internal fault of the cloud's",
};

describe("each documented code that a request can cause", () => {
  it.each(cases)("$code ($module) for $by", async ({ code, module, provoke }) => {
    using caller = new SignedCaller(given().server.url, given().pair);
    const answer = await provoke((action, parameters) => caller.call(action, parameters), caller);
    expect(answer).toMatchObject({
      code,
      message: expect.stringMatching(new RegExp(`^\\(${module}\\)[\\x20-\\x7e]{3,}$`)),
      requestId: expect.stringMatching(/^\d+$/),
    });
  });

  it("is 6000 when the database is full", async () => {
    await using folder = await temporaryFolder();
    const args = ["--database-bytes-max", "2MiB"];
    await using server = await Server.start({ folder: folder.path, args, env: withMasterKey() });
    using caller = new SignedCaller(server.url, await makeKeyPair(server.api));
    await caller.ok("CreateQueue", { queueName: "q" });
    const batch = { queueName: "q", ...many("msgBody", 16, "x".repeat(60_000)) };
    const answers: CmqAnswer[] = [];
    do answers.push(await caller.call("BatchSendMessage", batch));
    while (answers.at(-1)?.code === 0);
    expect(answers.at(-1)).toMatchObject({ code: 6000, message: expect.stringMatching(/^\(10050\)/) });
  });
});

describe("the generated reference", () => {
  it("has a row for every code of these tests, and says which codes no request causes", () => {
    const reference = readFileSync(new URL("../../../../docs/reference/cmq.md", import.meta.url), "utf8");
    const rows = [...reference.matchAll(/^\| (?<code>\d{4}) \| (?<module>\d{5,6}) \|(?<rest>.*)$/gm)];
    const known = rows.map(({ groups }) => [
      `${groups?.["code"]}/${groups?.["module"]}`,
      groups?.["rest"]?.includes("never used"),
    ]);
    const met = new Set([...cases.map(({ code, module }) => `${code}/${module}`), ...elsewhere]);
    expect(Object.fromEntries(known)).toEqual({
      ...Object.fromEntries([...met].map((key) => [key, false])),
      ...Object.fromEntries(Object.keys(never).map((key) => [key, true])),
    });
  });
});

it("returns the client's own request number", async () => {
  using caller = new SignedCaller(given().server.url, given().pair);
  expect(await caller.ok("ListQueue", { clientRequestId: 12345 })).toMatchObject({ clientRequestId: 12345 });
});

it("accepts a host with and without its port, and SHA-1 signatures where no method is given", async () => {
  using caller = new SignedCaller(given().server.url, given().pair);
  const { SignatureMethod: _named, ...common } = commonParameters(given().pair);
  for (const signedHost of [host(), "127.0.0.1"]) {
    const parameters = { ...common, Nonce: signedHost.length, Action: "ListQueue" };
    const Signature = signatureOf(given().pair, "GET", signedHost, parameters);
    expect(await caller.send("GET", formOf({ ...parameters, Signature }))).toMatchObject({ code: 0 });
  }
});
