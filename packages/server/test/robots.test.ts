/** Real: a server inside the test's process, SQLite, sockets. Faked: robots, which answer as the chats document. */
import { createHmac } from "node:crypto";
import { expect, it } from "vitest";
import { subscriptionPath, type DeliveryView } from "./harness/api.ts";
import { startReceiver } from "./harness/receiver.ts";
import { useServer } from "./harness/running-server.ts";
import { until, untilTrue } from "./harness/until.ts";

const server = useServer();
const path = subscriptionPath("alerts", "chat");
const secret = "the-secret-that-the-chat-shows";
const event = {
  type: "subscription.failing",
  at: "2026-11-30T03:00:00.000Z",
  topic: "orders",
  subscription: "billing",
};

const subscribe = async (push: object) => {
  await server().api.putTopic("alerts");
  await server().api.ok("PUT", path, { json: { push } });
};
const attempted = (id: string) =>
  until(
    "the delivery was attempted",
    () => server().api.delivery(id, "chat"),
    ({ state, attempts }) => attempts.length > 0 && state !== "in_flight",
  );

it.each([
  ["wecom", '{"errcode":45009,"errmsg":"api freq out of limit"}', "errcode 45009: api freq out of limit"],
  ["dingtalk", '{"errcode":130101,"errmsg":"send too fast"}', "errcode 130101: send too fast"],
  ["feishu", '{"code":11232,"msg":"frequency limited"}', "code 11232: frequency limited"],
])(
  "a robot of %s that gets too many messages gets the next attempt after a minute",
  async (protocol, reply, detail) => {
    await using robot = await startReceiver((_, response) => void response.end(reply));
    await subscribe({ url: robot.url, protocol });
    const { id } = await server().api.publish("alerts", { body: event });
    const delivery = (await attempted(id)) as DeliveryView & { attempts: readonly { startedAt: string }[] };
    expect(delivery).toMatchObject({
      state: "parked",
      attempts: [{ errorCode: "refused", errorDetail: detail, reply }],
    });
    const [attempt] = delivery.attempts;
    expect(Date.parse(delivery.nextAttemptAt ?? "") - Date.parse(attempt?.startedAt ?? "")).toBeGreaterThanOrEqual(
      60_000,
    );
  },
);

it("DingTalk gets its signature in the query, and Feishu in the body", async () => {
  const k = Buffer.from(secret).toString("base64url");
  await server().api.ok("PUT", "/v1/keys/robot", { json: { jwk: { kty: "oct", k } } });
  await using robot = await startReceiver((_, response) => void response.end('{"errcode":0,"code":0}'));
  await subscribe({ url: `${robot.url}/robot/send`, protocol: "dingtalk", keys: ["robot"] });
  const first = await server().api.publish("alerts", { body: event });
  expect((await attempted(first.id)).state).toBe("delivered");
  const query = new URL(robot.arrivals[0]?.path ?? "", robot.url).searchParams;
  const signed = `${query.get("timestamp")}\n${secret}`;
  expect(query.get("sign")).toBe(createHmac("sha256", secret).update(signed).digest("base64"));

  await subscribe({ url: robot.url, protocol: "feishu", keys: ["robot"] });
  const second = await server().api.publish("alerts", { body: event });
  expect((await attempted(second.id)).state).toBe("delivered");
  await untilTrue("the card arrived", () => robot.arrivals.length === 2);
  const card = JSON.parse(robot.arrivals[1]?.text ?? "") as { timestamp: string; sign: string; msg_type: string };
  const key = `${card.timestamp}\n${secret}`;
  expect([card.msg_type, card.sign]).toEqual(["interactive", createHmac("sha256", key).digest("base64")]);
});

it("Slack gets text, and 410 of an archived channel disables the subscription", async () => {
  let status = 200;
  await using robot = await startReceiver((_, response) => void response.writeHead(status).end("ok"));
  await subscribe({ url: robot.url, protocol: "slack" });
  const { id } = await server().api.publish("alerts", { body: "<!channel> order 17 & more" });
  expect((await attempted(id)).state).toBe("delivered");
  expect(robot.arrivals[0]?.text).toBe('{"text":"&lt;!channel&gt; order 17 &amp; more"}');
  status = 410;
  await server().api.publish("alerts", { body: "again" });
  await until(
    "the subscription is disabled",
    () => server().api.ok<{ state: string }>("GET", path),
    ({ state }) => state === "disabled",
  );
});

it("a subscription of a robot that signs nothing can name no key, and one that may sign gets none", async () => {
  await server().api.putTopic("alerts");
  const push = { url: "http://127.0.0.1:9/", keys: ["robot"] };
  for (const protocol of ["slack", "wecom"]) {
    const refused = await server().api.call("PUT", path, { json: { push: { ...push, protocol } } });
    expect([protocol, refused.status]).toEqual([protocol, 400]);
  }
  for (const protocol of ["dingtalk", "feishu"]) {
    await server()
      .api.ok("DELETE", path)
      .catch(() => undefined);
    const view = await server().api.ok<{ push: { keys: readonly string[] }; secret?: string }>("PUT", path, {
      json: { push: { url: push.url, protocol } },
    });
    expect([view.push.keys, view.secret]).toEqual([[], undefined]);
  }
});
