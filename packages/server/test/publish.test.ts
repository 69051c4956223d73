/** Real: the server, its database, sockets, a receiver. Nothing is faked. The receiver records the messages. */
import { describe, expect, it } from "vitest";
import { runCommand } from "../src/cli/testing/command-process.ts";
import type { PublishedView } from "./harness/api.ts";
import { startReceiver } from "./harness/receiver.ts";
import { useServer } from "./harness/running-server.ts";
import { untilTrue } from "./harness/until.ts";

const server = useServer();

describe("a filter", () => {
  it("by tags matches messages that have at least one of them, and without tags matches every message", async () => {
    const { api } = server();
    await using receiver = await startReceiver();
    await api.putTopic("tags");
    await api.subscribe("tags", "some", { push: { url: `${receiver.url}/some` }, filter: { tags: ["a", "b"] } });
    await api.subscribe("tags", "all", { push: { url: `${receiver.url}/all` } });
    const published = await api.publishBatch(
      "tags",
      [["a"], ["c"], ["c", "b"], [], ["A"]].map((tags, index) => ({ body: `${index}`, tags })),
    );
    await untilTrue("all have arrived", () => receiver.at("/all").length === 5 && receiver.at("/some").length >= 2);
    expect(texts(receiver.at("/some"))).toEqual(["0", "2"]);
    const states = await Promise.all(published.map(async ({ id }) => (await api.delivery(id, "some")).state));
    expect(states.filter((state) => state === "filtered")).toHaveLength(3);
  });

  it("by type patterns matches types: * is one word, # is any number of words", async () => {
    const { api } = server();
    await using receiver = await startReceiver();
    await api.putTopic("routes");
    const keys = { star: ["1.*.0"], hash: ["1.#.0"], two: ["order.new", "user.#"], all: [] };
    for (const [name, types] of Object.entries(keys)) {
      await api.subscribe("routes", name, { push: { url: `${receiver.url}/${name}` }, filter: { types } });
    }
    const published = ["1.0", "1.any.0", "1.2.3.4.4.2.2.0", "order.new", "order.new.eu", "user"];
    await api.publishBatch(
      "routes",
      published.map((type) => ({ body: type, type })),
    );
    const wanted = {
      star: ["1.any.0"],
      hash: ["1.0", "1.2.3.4.4.2.2.0", "1.any.0"],
      two: ["order.new", "user"],
      all: published.toSorted(),
    };
    const due = Object.values(wanted).flat().length;
    await untilTrue("all have arrived", () => receiver.arrivals.length >= due);
    const got = Object.fromEntries(Object.keys(keys).map((name) => [name, texts(receiver.at(`/${name}`))]));
    expect(got).toEqual(wanted);
  });
});

describe("publishing", () => {
  it("once more with the same Idempotency-Key publishes nothing, and with another request is refused", async () => {
    const { api } = server();
    await using receiver = await startReceiver();
    await api.putTopic("keys");
    await api.subscribe("keys", "s", { push: { url: receiver.url } });
    const headers = { "idempotency-key": "order-17" };
    const path = "/v1/topics/keys/messages";
    const first = await api.call<PublishedView>("POST", path, { json: { body: "x" }, headers });
    const again = await api.call<PublishedView>("POST", path, { json: { body: "x" }, headers });
    expect(again).toMatchObject({ status: 201, json: first.json });
    expect([first, again].map((answer) => answer.headers.get("idempotency-replayed"))).toEqual([null, "true"]);
    const other = await api.call("POST", path, { json: { body: "y" }, headers });
    expect(other).toMatchObject({ status: 409, json: { code: "idempotency_conflict" } });
    const { seq } = await api.publish("keys", { body: "the end" });
    expect(seq).toBe(first.json.seq + 1);
    await untilTrue("the last has arrived", () => texts(receiver.arrivals).includes("the end"));
    expect(texts(receiver.arrivals)).toEqual(["the end", "x"]);
  });

  it("a batch accepts all of it or none", async () => {
    const { api } = server();
    await api.putTopic("all-or-none");
    const messages = [{ body: "good" }, { body: "bad", tags: ["a".repeat(65)] }];
    const refused = await api.call("POST", "/v1/topics/all-or-none/messages/batch", { json: { messages } });
    expect(refused).toMatchObject({ status: 400, json: { code: "invalid_tag" } });
    const accepted = await api.publishBatch("all-or-none", [{ body: "1" }, { body: "2" }, { body: "3" }]);
    expect(accepted.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  it("to a topic with many subscriptions reaches each of them once", async () => {
    const { api } = server();
    await using receiver = await startReceiver();
    await api.putTopic("many");
    const names = Array.from({ length: 100 }, (_, index) => `s${index}`);
    await Promise.all(names.map((name) => api.subscribe("many", name, { push: { url: `${receiver.url}/${name}` } })));
    await api.publish("many", { body: "everybody" });
    await untilTrue("each has it", () => receiver.arrivals.length >= names.length);
    expect(new Set(receiver.arrivals.map(({ path }) => path)).size).toBe(names.length);
    expect(receiver.arrivals).toHaveLength(names.length);
  });

  it("from the command line reaches the subscriptions", async () => {
    const { api, url } = server();
    await using receiver = await startReceiver();
    await api.putTopic("commands");
    await api.subscribe("commands", "s", { push: { url: receiver.url } });
    const args = ["publish", "commands", "-", "--tag", "a", "--url", url, "--json"];
    const { code, stdout } = await runCommand(args, { stdin: "from a pipe" });
    expect(code).toBe(0);
    await untilTrue("it has arrived", () => receiver.arrivals.length === 1);
    expect(receiver.arrivals[0]).toMatchObject({
      text: "from a pipe",
      messageId: (JSON.parse(stdout) as PublishedView).id,
      headers: { "ringback-tags": "a" },
    });
  });
});

function texts(arrivals: readonly { readonly text: string }[]): string[] {
  return arrivals.map(({ text }) => text).toSorted();
}
