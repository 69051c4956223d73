/** Real: the server on SQLite, its event stream, receivers. Nothing is faked. */
import { expect, it } from "vitest";
import { listen } from "./harness/live-events.ts";
import { startReceiver } from "./harness/receiver.ts";
import { useServer } from "./harness/running-server.ts";
import { untilTrue } from "./harness/until.ts";

const server = useServer();

const eventsPath = "/v1/topics/ringback.events";

it("an event about a subscription arrives at a URL, in the stream, and as a message", async () => {
  const { api, url } = server();
  await using receiver = await startReceiver();
  await using gone = await startReceiver(() => 410);
  await using stream = await listen(url);
  await api.ok("PUT", `${eventsPath}/subscriptions/alarm`, {
    json: { push: { url: receiver.url }, filter: { types: ["subscription.*"] } },
  });
  await api.putTopic("orders");
  await api.subscribe("orders", "shop", { push: { url: gone.url } });
  const { id } = await api.publish("orders", { body: "x" });
  const event = {
    type: "subscription.disabled",
    at: expect.stringMatching(/^\d{4}-.*Z$/),
    account: "default",
    topic: "orders",
    subscription: "shop",
    reason: "gone",
    messageId: id,
    attempt: 1,
  };
  await untilTrue("the event has arrived", () => receiver.arrivals.length === 1);
  expect(JSON.parse(receiver.arrivals[0]?.text ?? "")).toEqual(event);
  await untilTrue("the stream has it", () => stream.events.some(({ type }) => type === event.type));
  expect(stream.events.find(({ type }) => type === event.type)).toMatchObject(event);
});
