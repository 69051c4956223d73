/** Real: the server, its documents and metrics, its database. Nothing is faked. */
import { describe, expect, it } from "vitest";
import { copies } from "./harness/copies.ts";
import type { Page } from "./harness/api.ts";
import { subscriptionPath } from "./harness/api.ts";
import { startReceiver } from "./harness/receiver.ts";
import { useServer } from "./harness/running-server.ts";
import { until, untilTrue } from "./harness/until.ts";

const server = useServer();

describe("the operator's documents", () => {
  it("describe every path that the server serves, and say that it is up and ready", async () => {
    const { api } = server();
    const document = await api.ok<{ openapi: string; paths: Record<string, object> }>("GET", "/openapi.json");
    expect(document.openapi).toMatch(/^3\./);
    const subscription = "/v1/topics/{topic}/subscriptions/{subscription}";
    for (const path of [
      "/v1/topics",
      "/v1/topics/{topic}",
      "/v1/topics/{topic}/messages",
      "/v1/topics/{topic}/messages/batch",
      "/v1/topics/{topic}/subscriptions",
      subscription,
      ...["pause", "resume", "attempts", "dead-letters", "dead-letters/redrive"].map((end) => `${subscription}/${end}`),
      "/v1/messages/{id}",
      "/v1/events",
      "/v1/nodes",
      "/healthz",
      "/readyz",
      "/metrics",
    ]) {
      expect(Object.keys(document.paths)).toContain(path);
    }
    expect(await api.ok("GET", "/healthz")).toMatchObject({ status: "ok", version: expect.any(String) });
    expect(await api.ok("GET", "/readyz")).toEqual({ status: "ready" });
  });

  it("count publishes, attempts by outcome, latency, backlog, parked, dead, sockets, fsync time", async () => {
    const { api, url } = server();
    await using receiver = await startReceiver(({ path }) => (path === "/good" ? 200 : 500));
    await api.putTopic("counted");
    await api.subscribe("counted", "good", { push: { url: `${receiver.url}/good` } });
    await api.subscribe("counted", "dead", { push: { url: receiver.url }, retry: "none" });
    await api.subscribe("counted", "parked", { push: { url: receiver.url }, retry: { delaysMs: [3_600_000] } });
    await api.subscribe("counted", "paused", { push: { url: receiver.url } });
    await api.ok("POST", `${subscriptionPath("counted", "paused")}/pause`);
    await api.publishBatch("counted", copies(5, { body: "x" }));
    const text = await until(
      "all is counted",
      async () => (await fetch(`${url}/metrics`)).text(),
      (page) => /^ringback_cluster_dead_letters 5$/m.test(page) && /^ringback_cluster_parked 5$/m.test(page),
    );
    for (const line of [
      /^ringback_publishes_total 5$/m,
      /^ringback_attempts_total\{outcome="accepted"\} 5$/m,
      /^ringback_attempts_total\{outcome="failed"\} 10$/m,
      /^ringback_attempts_total\{outcome="error"\} 0$/m,
      /^ringback_delivery_latency_seconds_count 5$/m,
      /^ringback_cluster_backlog 5$/m,
      /^ringback_dead_letters_total\{reason="retries_exhausted"\} 5$/m,
      /^ringback_open_sockets [1-9]\d*$/m,
      /^ringback_store_commit_seconds_count [1-9]\d*$/m,
      /^ringback_store_commit_seconds_sum 0?\.\d+(?:e-\d+)?$/m,
    ]) {
      expect(text).toMatch(line);
    }
  });
});

describe("a listing", () => {
  it("returns everything once by keyset pages, also while it changes", async () => {
    const { api } = server();
    await api.putTopic("paged");
    const names = Array.from({ length: 23 }, (_, index) => `s${String(index).padStart(2, "0")}`);
    const put = (name: string) => api.subscribe("paged", name, { push: { url: "http://127.0.0.1:9/" } });
    for (const name of names) await put(name);
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const query: string = after === null ? "" : `&after=${encodeURIComponent(after)}`;
      const page: Page<{ name: string }> = await api.ok("GET", `/v1/topics/paged/subscriptions?limit=5${query}`);
      seen.push(...page.items.map(({ name }) => name));
      after = page.next;
      // The deleted and the added subscription are before the cursor, so the following pages stay the same.
      await api.call("DELETE", subscriptionPath("paged", seen[0] ?? ""));
      await put("a-newcomer-in-front");
    } while (after !== null);
    expect(seen).toEqual(names);
  });

  it("of attempts is newest first, and can be limited to failed ones", async () => {
    const { api } = server();
    await using receiver = await startReceiver((_arrival, _response, index) => (index === 0 ? 500 : 200));
    await api.putTopic("attempts");
    await api.subscribe("attempts", "s", { push: { url: receiver.url }, retry: { delaysMs: [10] } });
    const { id } = await api.publish("attempts", { body: "x" });
    const path = `${subscriptionPath("attempts", "s")}/attempts`;
    const all = await until(
      "both are recorded",
      () => api.ok<Page<object>>("GET", path),
      ({ items }) => items.length === 2,
    );
    expect(all.items).toMatchObject([
      { messageId: id, attempt: 2, verdict: "accepted", status: 200 },
      { messageId: id, attempt: 1, verdict: "failed", status: 500 },
    ]);
    expect(await api.ok("GET", `${path}?only=failed`)).toMatchObject({ items: [{ attempt: 1 }] });
  });
});

describe("a deleted resource", () => {
  it("is not found, is not delivered to any more, and can be replaced by another of the same name", async () => {
    const { api } = server();
    await using receiver = await startReceiver(({ path }) => (path === "/gone" ? 500 : 200));
    await api.putTopic("deleted");
    await api.subscribe("deleted", "gone", {
      push: { url: `${receiver.url}/gone` },
      retry: { delaysMs: Array(100).fill(20) },
    });
    await api.publish("deleted", { body: "x" });
    await untilTrue("it is tried", () => receiver.at("/gone").length > 0);
    expect((await api.call("DELETE", "/v1/topics/deleted")).status).toBe(204);
    expect(await api.call("GET", "/v1/topics/deleted")).toMatchObject({
      status: 404,
      json: { code: "topic_not_found" },
    });
    const triedBefore = receiver.at("/gone").length;
    await api.putTopic("deleted");
    await api.subscribe("deleted", "fresh", { push: { url: `${receiver.url}/fresh` } });
    expect((await api.publish("deleted", { body: "new" })).seq).toBe(1);
    await untilTrue("the new one works", () => receiver.at("/fresh").length === 1);
    // One POST may have been in flight when the topic was deleted.
    expect(receiver.at("/gone").length).toBeLessThanOrEqual(triedBefore + 1);
  });
});
