import { CloudEvent, HTTP } from "cloudevents";
import { describe, expect, it } from "vitest";

import type { IncomingMessage } from "../protocols/protocol.ts";
import { createCloudEventsReceiver } from "./create-cloudevents-receiver.ts";
import { messageJson } from "./message-body.ts";
import type { ReceivedRequest } from "./receiver.ts";
import { postOf } from "./testing/requests.ts";

const order = new CloudEvent({ id: "A-1", source: "/shop", type: "order.paid", data: { total: 5 } });

function written(message: { headers: Record<string, unknown>; body: unknown }): ReceivedRequest {
  const headers = Object.entries(message.headers).map(([name, value]) => [name.toLowerCase(), String(value)]);
  const body = new TextEncoder().encode(String(message.body));
  return { method: "POST", path: "/", headers: Object.fromEntries(headers) as Record<string, string>, body };
}

describe("a receiver of CloudEvents", () => {
  it.each([
    ["structured", HTTP.structured(order)],
    ["binary", HTTP.binary(order)],
  ])("accepts what the official library writes in %s mode", async (_, message) => {
    const messages: IncomingMessage[] = [];
    const receiver = createCloudEventsReceiver({ onMessage: (event) => void messages.push(event) });
    expect((await receiver.handle(written(message))).status).toBe(204);
    expect(messages[0]).toMatchObject({ messageId: "A-1", topic: "/shop" });
    expect(messages.map(messageJson)).toEqual([{ total: 5 }]);
  });

  it("compares source and id when deduplication is on, in either mode", async () => {
    const sources: (string | null)[] = [];
    const receiver = createCloudEventsReceiver({
      deduplicate: true,
      onMessage: ({ topic }) => void sources.push(topic),
    });
    const elsewhere = order.cloneWith({ source: "/other" });
    for (const event of [HTTP.binary(order), HTTP.structured(order), HTTP.binary(elsewhere)]) {
      await receiver.handle(written(event));
    }
    expect(sources).toEqual(["/shop", "/other"]);
  });

  it("refuses requests that are not events", async () => {
    const receiver = createCloudEventsReceiver({ onMessage: () => undefined });
    expect((await receiver.handle(postOf("{}", "/"))).status).toBe(400);
  });
});
