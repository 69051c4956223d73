/**
 * Real: the server inside the test's process, its database, its keys, sockets, the official libraries for receivers of
 * Standard Webhooks and of CloudEvents. Nothing is faked. The libraries do not support `v1a`, so Node's cryptography
 * checks those signatures.
 */
import { createPublicKey, generateKeyPairSync, randomBytes, verify } from "node:crypto";
import { CloudEvent, HTTP } from "cloudevents";
import { Webhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";
import { beforeAll, describe, expect, it } from "vitest";
import { runInShell } from "./harness/program.ts";
import { subscriptionPath } from "./harness/api.ts";
import { curlLines, readmeServer } from "./harness/readme.ts";
import { startReceiver } from "./harness/receiver.ts";
import type { Arrival } from "./harness/receiver.ts";
import { useServer } from "./harness/running-server.ts";
import { until, untilTrue } from "./harness/until.ts";

const protocol = "standard-webhooks";

const server = useServer({ env: { RINGBACK_MASTER_KEY: randomBytes(32).toString("base64") } });
beforeAll(() => server().api.putTopic("signed"));

interface Secret {
  readonly jwk: { readonly kty: "oct"; readonly k: string };
  readonly official: Webhook;
  readonly svix: SvixWebhook;
}

function newSecret(bytes = 32): Secret {
  const secret = randomBytes(bytes);
  const text = `whsec_${secret.toString("base64")}`;
  return {
    jwk: { kty: "oct", k: secret.toString("base64url") },
    official: new Webhook(text),
    svix: new SvixWebhook(text),
  };
}

const putKey = (kid: string, jwk: object) => server().api.ok("PUT", `/v1/keys/${kid}`, { json: { jwk } });

function signedHeaders({ headers }: Arrival): Record<"webhook-id" | "webhook-timestamp" | "webhook-signature", string> {
  const value = (name: string) => String(headers[name]);
  return {
    "webhook-id": value("webhook-id"),
    "webhook-timestamp": value("webhook-timestamp"),
    "webhook-signature": value("webhook-signature"),
  };
}

function isSignedBy({ official }: Secret, arrival: Arrival): boolean {
  try {
    official.verify(arrival.body, signedHeaders(arrival));
    return true;
  } catch {
    return false;
  }
}

const isAttempt = (errorCode: string) => (codes: readonly (string | null)[]) => codes.includes(errorCode);
const attemptCodes = async (id: string, subscription: string) =>
  (await server().api.delivery(id, subscription)).attempts.map((attempt) => attempt.errorCode);

describe("a signed push", () => {
  it("is accepted by the official libraries, byte for byte, and a changed push is not", async () => {
    await using receiver = await startReceiver();
    const secret = newSecret();
    await putKey("whole", secret.jwk);
    await server().api.subscribe("signed", "whole", { push: { url: receiver.url, protocol, keys: ["whole"] } });
    const body = '{"id": 12345678901234567890, "who": "故宫"}';
    const { id } = await server().api.ok<{ id: string }>("POST", "/v1/topics/signed/messages", {
      headers: { "content-type": "application/json; charset=utf-8" },
      body: `{"body": ${body}}`,
    });
    const [arrival] = await until(
      "it has arrived",
      () => receiver.arrivals,
      ({ length }) => length === 1,
    );
    if (arrival === undefined) throw new Error("nothing has arrived");
    expect(arrival.text).toBe(body);
    const headers = signedHeaders(arrival);
    expect(headers["webhook-id"]).toBe(id);
    expect(Math.abs(Number(headers["webhook-timestamp"]) * 1000 - arrival.atMs)).toBeLessThan(60_000);
    expect(secret.official.verify(arrival.body, headers)).toMatchObject({ who: "故宫" });
    // Svix's library throws, or returns nothing.
    secret.svix.verify(arrival.body, headers);
    expect(() => secret.svix.verify(`${body} `, headers)).toThrow(/No matching signature found/);
    expect(() => secret.official.verify(`${body} `, headers)).toThrow(/No matching signature found/);
    expect(() => secret.official.verify(body, { ...headers, "webhook-id": "7" })).toThrow(
      /No matching signature found/,
    );
    expect(isSignedBy(newSecret(), arrival)).toBe(false);
    await server().api.ok("DELETE", subscriptionPath("signed", "whole"));
  });

  it("is signed with a secret and a key pair at the same time", async () => {
    await using receiver = await startReceiver();
    const secret = newSecret();
    const { privateKey } = generateKeyPairSync("ed25519");
    await putKey("pair", privateKey.export({ format: "jwk" }));
    await putKey("beside", secret.jwk);
    await server().api.subscribe("signed", "pair", { push: { url: receiver.url, protocol, keys: ["pair", "beside"] } });
    await server().api.publish("signed", { body: { a: 1 } });
    await untilTrue("it has arrived", () => receiver.arrivals.length === 1);
    const [arrival] = receiver.arrivals;
    if (arrival === undefined) throw new Error("nothing has arrived");
    expect(isSignedBy(secret, arrival)).toBe(true);
    const headers = signedHeaders(arrival);
    const signature = /(?:^| )v1a,(\S+)/.exec(headers["webhook-signature"])?.[1] ?? "";
    const content = Buffer.from(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${arrival.text}`);
    const publicKey = createPublicKey(privateKey);
    expect(verify(null, content, publicKey, Buffer.from(signature, "base64"))).toBe(true);
    await server().api.ok("DELETE", subscriptionPath("signed", "pair"));
  });
});

describe("changing a key", () => {
  it("interrupts no receiver: the old and the new key sign together, then only the new one", async () => {
    await using receiver = await startReceiver();
    const [older, newer] = [newSecret(24), newSecret(64)];
    await putKey("older", older.jwk);
    await putKey("newer", newer.jwk);
    const signers: boolean[][] = [];
    for (const keys of [["older"], ["newer", "older"], ["newer"]]) {
      await server().api.subscribe("signed", "rotating", { push: { url: receiver.url, protocol, keys } });
      await server().api.publish("signed", { body: { keys } });
      await untilTrue("it has arrived", () => receiver.arrivals.length === signers.length + 1);
      const arrival = receiver.arrivals.at(-1);
      signers.push([older, newer].map((secret) => arrival !== undefined && isSignedBy(secret, arrival)));
    }
    expect(signers).toEqual([
      [true, false],
      [true, true],
      [false, true],
    ]);
    await server().api.ok("DELETE", subscriptionPath("signed", "rotating"));
  });

  it("by a rotation lets the replaced keys sign beside the new one, the newest signature first", async () => {
    await using receiver = await startReceiver();
    const made = await server().api.ok<{ secret: string }>("PUT", "/v1/keys/rotated", { json: { generate: "hmac" } });
    await server().api.subscribe("signed", "rotated", { push: { url: receiver.url, protocol, keys: ["rotated"] } });
    const secrets = [made.secret];
    for (const expected of [1, 2, 3]) {
      await server().api.publish("signed", { body: { expected } });
      await untilTrue("it has arrived", () => receiver.arrivals.length === expected);
      const arrival = receiver.arrivals.at(-1);
      if (arrival === undefined) throw new Error("nothing has arrived");
      const headers = signedHeaders(arrival);
      const at = new Date(Number(headers["webhook-timestamp"]) * 1000);
      const signatures = secrets.map((secret) => new Webhook(secret).sign(headers["webhook-id"], at, arrival.text));
      expect(headers["webhook-signature"]).toBe(signatures.join(" "));
      for (const secret of secrets) new SvixWebhook(secret).verify(arrival.body, headers);
      if (expected === 3) break;
      const rotated = await server().api.ok<{ secret: string }>("POST", "/v1/keys/rotated/rotate");
      secrets.unshift(rotated.secret);
    }
    await server().api.ok("DELETE", subscriptionPath("signed", "rotated"));
  });

  it("while deliveries are under way leaves each of them signed by one of the two, and later ones by the new one", async () => {
    await using receiver = await startReceiver((_arrival, response) => {
      setTimeout(() => response.writeHead(200).end(), 5);
    });
    const [before, after] = [newSecret(), newSecret()];
    await putKey("moving", before.jwk);
    await server().api.subscribe("signed", "moving", { push: { url: receiver.url, protocol, keys: ["moving"] } });
    const count = 300;
    await server().api.publishBatch(
      "signed",
      Array.from({ length: count }, (_, number) => ({ body: { number } })),
    );
    await untilTrue("some have arrived", () => receiver.arrivals.length >= 20);
    await putKey("moving", after.jwk);
    await server().api.publish("signed", { body: { number: "last" } });
    await untilTrue("all have arrived", () => receiver.arrivals.length >= count + 1);
    const signers = receiver.arrivals.map((arrival) =>
      isSignedBy(before, arrival) ? "before" : isSignedBy(after, arrival) ? "after" : "nobody",
    );
    expect(new Set(signers)).toEqual(new Set(["before", "after"]));
    expect(new Set(receiver.arrivals.map(({ text }) => text)).size).toBe(count + 1);
    expect(signers[receiver.arrivals.findIndex(({ text }) => text.includes("last"))]).toBe("after");
    await server().api.ok("DELETE", subscriptionPath("signed", "moving"));
  });
});

describe("a missing key", () => {
  it("is refused where a subscription names it", async () => {
    const push = { url: "http://127.0.0.1:9/", protocol, keys: ["never-put"] };
    expect(await server().api.call("PUT", subscriptionPath("signed", "keyless"), { json: { push } })).toMatchObject({
      status: 404,
      json: { code: "key_not_found", errors: [{ field: "push.keys[0]" }] },
    });
  });

  it("that was deleted keeps its messages unsent until it is put again", async () => {
    await using receiver = await startReceiver();
    const secret = newSecret();
    await putKey("leaving", newSecret().jwk);
    await server().api.subscribe("signed", "leaving", {
      push: { url: receiver.url, protocol, keys: ["leaving"] },
      retry: { delaysMs: Array.from({ length: 200 }, () => 50) },
    });
    expect(await server().api.call("DELETE", "/v1/keys/leaving")).toMatchObject({
      status: 409,
      json: { code: "key_in_use", detail: 'The key "leaving" is used by the subscription signed/leaving.' },
    });
    await server().api.ok("DELETE", "/v1/keys/leaving?force=true");
    const { id } = await server().api.publish("signed", { body: { a: 1 } });
    await until("it is told", () => attemptCodes(id, "leaving"), isAttempt("key_unavailable"));
    expect(receiver.arrivals).toEqual([]);
    await putKey("leaving", secret.jwk);
    await untilTrue("it has arrived", () => receiver.arrivals.length === 1);
    expect(receiver.arrivals.map((arrival) => isSignedBy(secret, arrival))).toEqual([true]);
    await server().api.ok("DELETE", subscriptionPath("signed", "leaving"));
  });
});

describe("a missing key beside another one", () => {
  it("does not stop deliveries, which the other key signs", async () => {
    await using receiver = await startReceiver();
    const secret = newSecret();
    await putKey("lost", newSecret().jwk);
    await putKey("left", secret.jwk);
    await server().api.subscribe("signed", "halved", { push: { url: receiver.url, protocol, keys: ["lost", "left"] } });
    await server().api.ok("DELETE", "/v1/keys/lost?force=true");
    await server().api.publish("signed", { body: { a: 1 } });
    await untilTrue("it has arrived", () => receiver.arrivals.length === 1);
    expect(receiver.arrivals.map((arrival) => isSignedBy(secret, arrival))).toEqual([true]);
    await server().api.ok("DELETE", subscriptionPath("signed", "halved"));
  });
});

describe("a key that the dialect cannot sign with", () => {
  const short = { kty: "oct", k: randomBytes(16).toString("base64url") };

  it("is refused where a subscription names it", async () => {
    await putKey("short", short);
    const push = { url: "http://127.0.0.1:9/", protocol, keys: ["short"] };
    const refused = await server().api.call("PUT", subscriptionPath("signed", "unfit"), { json: { push } });
    expect(refused).toMatchObject({ status: 400, json: { code: "invalid_key", errors: [{ field: "push.keys[0]" }] } });
    expect(JSON.stringify(refused.json)).not.toContain(short.k);
  });

  it("that replaces another by force keeps its messages unsent, and loses none", async () => {
    await using receiver = await startReceiver();
    const secret = newSecret();
    await putKey("mistaken", newSecret().jwk);
    await server().api.subscribe("signed", "mistaken", {
      push: { url: receiver.url, protocol, keys: ["mistaken"] },
      retry: { delaysMs: Array.from({ length: 200 }, () => 50) },
    });
    const refused = await server().api.call("PUT", "/v1/keys/mistaken", { json: { jwk: short } });
    expect(refused).toMatchObject({ status: 409, json: { code: "key_in_use" } });
    await putKey("mistaken?force=true", short);
    const { id } = await server().api.publish("signed", { body: { a: 1 } });
    await until("it is told", () => attemptCodes(id, "mistaken"), isAttempt("key_unavailable"));
    await putKey("mistaken", secret.jwk);
    await untilTrue("it has arrived", () => receiver.arrivals.length === 1);
    expect(receiver.arrivals.map((arrival) => isSignedBy(secret, arrival))).toEqual([true]);
    expect((await server().api.deadLetters("signed", "mistaken")).items).toEqual([]);
    await server().api.ok("DELETE", subscriptionPath("signed", "mistaken"));
  });
});

describe.each(["cloudevents", "cloudevents-binary"])("a push in the dialect %s", (dialect) => {
  const topic = `events-${dialect}`;
  beforeAll(() => server().api.putTopic(topic));

  it.each<[string, string, unknown]>([
    ["JSON", "application/json", { who: "故宫", list: [1, null, true] }],
    ["text", "text/plain", "any text: \u{1F514}"],
  ])("is an event to the official library, with its data as %s", async (_what, contentType, data) => {
    await using receiver = await startReceiver();
    await server().api.subscribe(topic, "s", { push: { url: receiver.url, protocol: dialect } });
    const attributes = { "ce-type": "com.example.rung", "ce-subject": "the bell, été" };
    const { id } = await server().api.publish(topic, { body: data, contentType, attributes, tags: ["a", "b"] });
    await untilTrue("it has arrived", () => receiver.arrivals.length === 1);
    const [arrival] = receiver.arrivals;
    const event = HTTP.toEvent({ headers: arrival?.headers ?? {}, body: arrival?.text });
    if (!(event instanceof CloudEvent)) throw new Error("the library sees no single event");
    expect(event.validate()).toBe(true);
    expect(event).toMatchObject({ id, source: `/topics/${topic}`, type: "com.example.rung", ringbacktopic: topic });
    expect(event.data).toEqual(data);
    await server().api.ok("DELETE", subscriptionPath(topic, "s"));
  });
});

describe("docs/guide/signing.md", () => {
  it("works line by line", async () => {
    const answers: unknown[] = [];
    for (const line of curlLines("docs/guide/signing.md")) {
      const typed = line.replaceAll(readmeServer, new URL(server().url).host);
      answers.push(JSON.parse(await runInShell(`${typed} --silent --show-error --fail-with-body`)));
    }
    const secret = expect.stringMatching(/^whsec_/);
    expect(answers).toMatchObject([{ name: "signed" }, { push: { keys: ["signed.billing"] }, secret }, { secret }]);
    await server().api.ok("DELETE", subscriptionPath("signed", "billing"));
  });
});
