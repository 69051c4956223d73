/**
 * The client of `@ringback/sdk/client` against a server. Real: the server, its database, and HTTP. In some tests the
 * network between them is faked: `fetch` loses requests or answers.
 */

import {
  createClient,
  hasCode,
  InvalidRequestError,
  NotFoundError,
  RingbackConnectionError,
  type ClientOptions,
  type Fetch,
  type RingbackClient,
} from "@ringback/sdk/client";
import { describe, expect, it } from "vitest";
import { useServer } from "./harness/running-server.ts";

const server = useServer();

/** A client, and a topic with a pulled subscription `all`. */
async function start(topic: string, options: Partial<ClientOptions> = {}): Promise<RingbackClient> {
  const client = createClient({ url: server().url, ...options });
  await client.put("/v1/topics/{topic}", { params: { path: { topic } }, body: {} });
  const path = { topic, subscription: "all" };
  await client.put("/v1/topics/{topic}/subscriptions/{subscription}", { params: { path }, body: { pull: {} } });
  return client;
}

async function bodiesOf(client: RingbackClient, topic: string): Promise<readonly (string | undefined)[]> {
  const bodies: (string | undefined)[] = [];
  for await (const { id } of client.list("/v1/topics/{topic}/messages", { params: { path: { topic } } })) {
    bodies.push((await client.get("/v1/messages/{id}", { params: { path: { id } } })).body);
  }
  return bodies;
}

/** Answers as a web page does. */
function answering(status: number): Fetch {
  return async () => new Response("<h1>Hello</h1>", { status });
}

describe("the client", () => {
  it("publishes, reads, and throws errors by their code", async () => {
    const client = createClient({ url: server().url });
    const params = { path: { topic: "orders" } };
    await expect(client.publish("orders", { body: "hello" })).rejects.toThrow(NotFoundError);
    await expect(client.publish("orders", { body: "hello" })).rejects.toMatchObject({ code: "topic_not_found" });
    const topic = await client.put("/v1/topics/{topic}", { params, body: {} });
    expect(topic.name).toBe("orders");
    const { id, seq } = await client.publish("orders", { body: { total: 17 }, type: "order.paid" });
    const message = await client.get("/v1/messages/{id}", { params: { path: { id } } });
    expect(message).toMatchObject({ id, seq, body: '{"total":17}', type: "order.paid" });
    await client.delete("/v1/topics/{topic}", { params });
    const { error, response } = await client.raw.GET("/v1/topics/{topic}", { params });
    expect([response.status, error?.code]).toEqual([404, "topic_not_found"]);
    const failure = await client.get("/v1/messages/{id}", { params: { path: { id } } }).catch((e: unknown) => e);
    expect(hasCode(failure, "message_not_found")).toBe(true);
  });

  it("publishes bytes as they are", async () => {
    const client = await start("raw");
    const { id } = await client.publishRaw("raw", "<a/>", { contentType: "application/xml", tags: ["a", "b"] });
    const message = await client.get("/v1/messages/{id}", { params: { path: { id } } });
    expect(message).toMatchObject({ body: "<a/>", contentType: "application/xml", tags: ["a", "b"] });
    const json = '{ "body": "not a request", "n": 1.0 }';
    const contentType = "application/json; charset=utf-8";
    const published = await client.publishRaw("raw", new TextEncoder().encode(json), { contentType });
    const kept = await client.get("/v1/messages/{id}", { params: { path: { id: published.id } } });
    expect(kept).toMatchObject({ body: json, contentType });
    const bytes = new Uint8Array([0x22, 0xff, 0x22]);
    const broken = await client.publishRaw("raw", bytes, { contentType: " application/json" });
    const same = await client.get("/v1/messages/{id}", { params: { path: { id: broken.id } } });
    expect(same).toMatchObject({ bodyBase64: "Iv8i", contentType: "application/json" });
    const comma = client.publishRaw("raw", "x", { contentType: "text/plain", tags: ["a,b"] });
    await expect(comma).rejects.toThrow("tags[0]: must not contain a comma");
  });

  it("says that no server listens, and what did not come from Ringback", async () => {
    const nobody = createClient({ url: "http://127.0.0.1:1", retriesMax: 0 });
    await expect(nobody.get("/v1/topics")).rejects.toThrow(RingbackConnectionError);
    const behind = createClient({ url: "http://127.0.0.1:1", fetch: answering(502) });
    await expect(behind.get("/v1/topics")).rejects.toMatchObject({ status: 502, code: "unknown_error" });
    const other = createClient({ url: "http://127.0.0.1:1", fetch: answering(200) });
    await expect(other.get("/v1/topics")).rejects.toThrow("not JSON");
    const small = createClient({ url: "http://127.0.0.1:1", fetch: answering(200), answerBytesMax: 10 });
    await expect(small.get("/v1/topics")).rejects.toThrow("the answer has more than 10 bytes");
    const metrics = await createClient({ url: server().url }).get("/metrics", { parseAs: "text" });
    expect(metrics).toContain("# HELP");
  });

  it.each([
    ["127.0.0.1:8000", "it must be a URL such as"],
    ["http://127.0.0.1:8000/?x=1", "no query and no fragment"],
    ["http://127.0.0.1:8000/#x", "no query and no fragment"],
    ["http://a:secret@127.0.0.1:8000", "url has a user or a password; give the token"],
  ])("refuses the URL %s, to whose end no path of the API can be appended", (url, sentence) => {
    expect(() => createClient({ url })).toThrow(sentence);
  });

  it("sends the token, the account and further headers, and asks for each token", async () => {
    const seen: Headers[] = [];
    const record: Fetch = async (_url, { headers }) => {
      seen.push(new Headers(headers));
      return Response.json({ items: [], next: null });
    };
    let calls = 0;
    const token = async () => `rbk_${++calls}`;
    const client = createClient({ url: "http://x/", token, account: "acme", headers: { "x-a": "b" }, fetch: record });
    await client.get("/v1/topics");
    await client.get("/v1/topics");
    expect(seen.map((headers) => headers.get("authorization"))).toEqual(["Bearer rbk_1", "Bearer rbk_2"]);
    expect(seen.map((headers) => [headers.get("ringback-account"), headers.get("x-a")])[1]).toEqual(["acme", "b"]);
  });

  it("reads lists over all their pages", async () => {
    const client = await start("paged");
    await client.publishBatch("paged", [{ body: "1" }, { body: "2" }, { body: "3" }]);
    const seqs: number[] = [];
    const params = { path: { topic: "paged" }, query: { limit: 2 } };
    for await (const { seq } of client.list("/v1/topics/{topic}/messages", { params })) seqs.push(seq);
    expect(seqs).toEqual([3, 2, 1]);
  });
});

/** Sends every request, and loses the first answers. */
function losing(answers: number, requested: string[]): Fetch {
  return async (url, init) => {
    const response = await fetch(url, init);
    requested.push(`${init.method} ${response.status}`);
    if (requested.length <= answers) throw new TypeError("fetch failed");
    return response;
  };
}

describe("a request of the client", () => {
  it("that publishes is repeated after a lost answer, and publishes once", async () => {
    await start("lost");
    const requested: string[] = [];
    const client = createClient({ url: server().url, fetch: losing(2, requested) });
    const { seq } = await client.publish("lost", { body: "once" });
    expect([seq, requested]).toEqual([1, ["POST 201", "POST 201", "POST 201"]]);
    expect(await bodiesOf(createClient({ url: server().url }), "lost")).toEqual(["once"]);
  });

  it("is not repeated if that is not safe, or too often", async () => {
    await start("unsafe");
    const requested: string[] = [];
    const client = createClient({ url: server().url, fetch: losing(9, requested) });
    const params = { path: { topic: "unsafe" } };
    await expect(client.delete("/v1/topics/{topic}", { params })).rejects.toThrow(RingbackConnectionError);
    await expect(client.post("/v1/api-keys", { body: { name: "a", role: "read" } })).rejects.toThrow("cannot reach");
    expect(requested).toEqual(["DELETE 204", "POST 201"]);
    const patient = createClient({ url: server().url, fetch: losing(9, requested), retriesMax: 1 });
    await expect(patient.get("/v1/topics")).rejects.toThrow(RingbackConnectionError);
    expect(requested).toHaveLength(4);
  });

  it("waits as long as the server asks for, but not for hours", async () => {
    const answers = [
      new Response("", { status: 503, headers: { "retry-after": "0" } }),
      new Response("", { status: 429, headers: { "retry-after": "0" } }),
      new Response("", { status: 503, headers: { "retry-after": "3600" } }),
    ];
    const client = createClient({ url: "http://x", fetch: async () => answers.shift() ?? Response.json({}) });
    await expect(client.get("/v1/topics")).rejects.toMatchObject({ status: 503, retryAfterMs: 3_600_000 });
    expect(answers).toEqual([]);
  });

  it("ends when its signal is aborted, also while it waits for a retry", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const failing: Fetch = async () => {
      controller.abort(reason);
      throw new TypeError("fetch failed");
    };
    const client = createClient({ url: "http://x", fetch: failing });
    await expect(client.get("/v1/topics", { signal: controller.signal })).rejects.toThrow("enough");
    const { signal } = controller;
    await expect(createClient({ url: server().url }).publish("a", { body: "" }, { signal })).rejects.toThrow("enough");
  });
});

describe("a publisher of the client", () => {
  it("makes batches by itself, in order, and each call has its own result", async () => {
    const requests: string[] = [];
    const counting: Fetch = (url, init) => {
      requests.push(new URL(url).pathname);
      return fetch(url, init);
    };
    const client = await start("batches", { fetch: counting });
    requests.length = 0;
    await using publisher = client.publisher("batches", { messagesMax: 50, delayMs: 60_000 });
    const calls = Array.from({ length: 120 }, (_, index) => publisher.publish({ body: `${index}` }));
    await publisher.flush();
    const published = await Promise.all(calls);
    expect(published.map(({ seq }) => seq)).toEqual(Array.from({ length: 120 }, (_, index) => index + 1));
    expect(requests).toEqual(Array.from({ length: 3 }, () => "/v1/topics/batches/messages/batch"));
  });

  it("fails only the messages that are wrong", async () => {
    const client = await start("mixed");
    const publisher = client.publisher("mixed");
    const results = ["right", null, "right again"].map((body) =>
      publisher.publish(body === null ? { body: "x", tags: [""] } : { body }),
    );
    const [states] = await Promise.all([Promise.allSettled(results), publisher.close()]);
    expect(states.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    await expect(results[1]).rejects.toThrow(InvalidRequestError);
    await expect(publisher.publish({ body: "late" })).rejects.toThrow("closed");
  });

  it("has room for a limited number of messages", async () => {
    const client = await start("full");
    const publisher = client.publisher("full", { waitingMax: 1, delayMs: 60_000 });
    const first = publisher.publish({ body: "1" });
    await expect(publisher.publish({ body: "2" })).rejects.toThrow(RangeError);
    await publisher.close();
    expect((await first).seq).toBe(1);
  });

  it("refuses what is no message at once, and sizes with which it could not send", async () => {
    const client = await start("none");
    const publisher = client.publisher("none");
    const right = publisher.publish({ body: "1" });
    await expect(publisher.publish(undefined as never)).rejects.toThrow("the message must be an object");
    await publisher.close();
    expect((await right).seq).toBe(1);
    for (const messagesMax of [0, 1.5, 1001, Number.NaN]) {
      expect(() => client.publisher("none", { messagesMax })).toThrow("whole number from 1 to 1000");
    }
    expect(() => client.publisher("none", { waitingMax: 0 })).toThrow("whole number from 1");
  });
});

describe("a pull of the client", () => {
  it("acknowledges when the loop goes on, and not when it fails", async () => {
    const client = await start("pulled");
    await client.publishBatch("pulled", [{ body: "1" }, { body: "2" }, { body: "3" }]);
    const seen: (string | undefined)[] = [];
    const loop = async (): Promise<void> => {
      for await (const { body } of client.pull("pulled", "all", { visibilityMs: 3_600_000 })) {
        seen.push(body);
        if (body === "2") throw new Error("failed");
      }
    };
    await expect(loop()).rejects.toThrow("failed");
    // The message that the loop has not seen is there again at once; the one that failed stays invisible.
    for await (const message of client.pull("pulled", "all")) {
      seen.push(message.body);
      await message.ack();
      break;
    }
    expect(seen).toEqual(["1", "2", "3"]);
    const path = { topic: "pulled", subscription: "all" };
    const subscription = "/v1/topics/{topic}/subscriptions/{subscription}";
    expect((await client.get(subscription, { params: { path } })).pullCounts).toMatchObject({
      visible: 0,
      invisible: 1,
    });
  });

  it("extends the lease of a message while the loop works on it, and puts it back when requested to", async () => {
    let extensions = 0;
    const counting: Fetch = (url, init) => {
      if (url.endsWith("/nack")) extensions++;
      return fetch(url, init);
    };
    const client = await start("slow", { fetch: counting });
    await client.publish("slow", { body: "slow" });
    const receives: number[] = [];
    for await (const message of client.pull("slow", "all", { visibilityMs: 1000 })) {
      receives.push(message.receives);
      if (receives.length > 1) break;
      await expect.poll(() => extensions).toBeGreaterThan(1);
      await message.nack();
    }
    expect(receives).toEqual([1, 2]);
  });

  it("ends with the reason of its signal", async () => {
    const client = await start("aborted");
    const controller = new AbortController();
    const next = client.pull("aborted", "all", { signal: controller.signal }).next();
    controller.abort(new Error("stop"));
    await expect(next).rejects.toThrow("stop");
  });
});

describe("events of the client", () => {
  it("go on after a lost connection where they were", async () => {
    const client = await start("watched");
    const connections: AbortController[] = [];
    const lastIds: (string | null)[] = [];
    const cutting: Fetch = async (url, init) => {
      const connection = new AbortController();
      connections.push(connection);
      lastIds.push(new Headers(init.headers).get("last-event-id"));
      const signal = AbortSignal.any([connection.signal, ...(init.signal ? [init.signal] : [])]);
      return fetch(url, { ...init, signal });
    };
    const watching = createClient({ url: server().url, fetch: cutting });
    const stream = watching.events({ topic: "watched", types: ["message.published"] });
    const first = stream.next();
    const publishing = setInterval(() => void client.publish("watched", { body: "x" }).catch(() => undefined), 50);
    try {
      expect((await first).value).toMatchObject({ type: "message.published", topic: "watched" });
      connections[0]?.abort();
      while (connections.length < 2) await stream.next();
      expect((await stream.next()).value).toMatchObject({ type: "message.published" });
      // The stream begins with an id from which a reader can go on.
      expect(lastIds[0]).toBeNull();
      expect(lastIds[1]).toMatch(/^\d+$/);
    } finally {
      clearInterval(publishing);
      await stream.return();
    }
  });

  it("end with an error that no retry can mend", async () => {
    const client = createClient({ url: server().url });
    await expect(client.events({ after: "never" }).next()).rejects.toThrow(InvalidRequestError);
  });
});
