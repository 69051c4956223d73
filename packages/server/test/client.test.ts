/**
 * The client of `@ringback/sdk/client` against a server. Real: the server as a process of its own, its database, and
 * HTTP. Nothing is faked.
 */

import { createClient, hasCode, NotFoundError, RingbackConnectionError } from "@ringback/sdk/client";
import { describe, expect, it } from "vitest";
import { useServer } from "./harness/running-server.ts";

const server = useServer();

describe("the client", () => {
  it("publishes, reads, and throws errors by their code", async () => {
    const client = createClient({ url: server().url });
    await expect(client.publish("orders", { body: "hello" })).rejects.toThrow(NotFoundError);
    await expect(client.publish("orders", { body: "hello" })).rejects.toMatchObject({ code: "topic_not_found" });
    const topic = await client.put("/v1/topics/{topic}", { params: { path: { topic: "orders" } }, body: {} });
    expect(topic.name).toBe("orders");
    const { id, seq } = await client.publish("orders", { body: { total: 17 }, type: "order.paid" });
    const message = await client.get("/v1/messages/{id}", { params: { path: { id } } });
    expect(message).toMatchObject({ id, seq, body: '{"total":17}', type: "order.paid" });
    await client.delete("/v1/topics/{topic}", { params: { path: { topic: "orders" } } });
    const { error, response } = await client.raw.GET("/v1/topics/{topic}", { params: { path: { topic: "orders" } } });
    expect([response.status, error?.code]).toEqual([404, "topic_not_found"]);
    const failure = await client.get("/v1/messages/{id}", { params: { path: { id } } }).catch((e: unknown) => e);
    expect(hasCode(failure, "message_not_found")).toBe(true);
  });

  it("says that no server listens", async () => {
    const client = createClient({ url: "http://127.0.0.1:1" });
    await expect(client.get("/v1/topics")).rejects.toThrow(RingbackConnectionError);
  });
});
