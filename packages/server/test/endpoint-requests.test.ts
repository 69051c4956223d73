/** Real: the server inside the test's process, its database, its event stream, receivers. Nothing is faked. */
import { expect, it } from "vitest";
import { subscriptionPath } from "./harness/api.ts";
import { listen } from "./harness/live-events.ts";
import { startReceiver } from "./harness/receiver.ts";
import { useServer } from "./harness/running-server.ts";
import { until, untilTrue } from "./harness/until.ts";

const server = useServer();

interface SubscriptionView {
  readonly state: string;
  readonly counts: { readonly backlog: number; readonly parked: number; readonly deadLetters: number };
}

const subscription = (topic: string) => server().api.ok<SubscriptionView>("GET", subscriptionPath(topic, "s"));

it.each(["raw", "cloudevents", "wechat"])(
  "410 Gone disables a subscription of the dialect %s, once, until somebody resumes it; nothing is lost",
  async (protocol) => {
    const { api } = server();
    const topic = `gone-${protocol}`;
    let status = 410;
    await using receiver = await startReceiver(() => status);
    await using stream = await listen(server().url);
    await api.putTopic(topic);
    await api.subscribe(topic, "s", { push: { url: receiver.url, protocol } });
    await api.publishBatch(
      topic,
      Array.from({ length: 40 }, (_, number) => ({ body: { number } })),
    );
    const disabled = await until(
      "it is disabled",
      () => subscription(topic),
      ({ state }) => state === "disabled",
    );
    expect(disabled).toMatchObject({
      disabledAt: expect.stringMatching(/^\d{4}-.*Z$/),
      disabledReason: "gone",
      disabledBy: { messageId: expect.any(String), attempt: 1 },
    });
    const { messageId } = (disabled as unknown as { disabledBy: { messageId: string } }).disabledBy;
    const by = await until(
      "the attempt is recorded",
      () => api.delivery(messageId, "s"),
      ({ attempts }) => attempts.length > 0,
    );
    expect(by.attempts[0]).toMatchObject({ attempt: 1, status: 410, errorCode: "gone" });
    const { id } = await api.publish(topic, { body: { number: "later" } });
    // Waits until the attempts under way have ended. No further attempt begins afterwards.
    const { counts } = await until(
      "every message waits",
      () => subscription(topic),
      (view) => view.counts.backlog + view.counts.parked === 41,
    );
    expect(counts.deadLetters).toBe(0);
    const sent = receiver.arrivals.length;
    expect(receiver.arrivals.some(({ text }) => text.includes("later"))).toBe(false);

    status = 204;
    await api.ok("POST", `${subscriptionPath(topic, "s")}/resume`);
    await until(
      "the last one is delivered",
      () => api.delivery(id, "s"),
      ({ state }) => state === "delivered",
    );
    await until(
      "all are delivered",
      () => subscription(topic),
      (view) => view.counts.backlog + view.counts.parked === 0,
    );
    expect(await subscription(topic)).toMatchObject({
      state: "active",
      disabledAt: null,
      disabledReason: null,
      disabledBy: null,
    });
    expect(receiver.arrivals.length - sent).toBe(41);
    expect(receiver.arrivals.some(({ text }) => text.includes("later"))).toBe(true);
    // Events come in order. When the event of the resumption has arrived, all earlier events have arrived too.
    await untilTrue("the resumption is told", () => stream.events.some(({ type }) => type === "subscription.resumed"));
    const changes = stream.events.filter(({ type }) => type === "subscription.disabled");
    expect(changes).toMatchObject([{ topic, subscription: "s", reason: "gone", messageId, attempt: 1 }]);
  },
);

it("a subscription that replaces a deleted one of the same name is not disabled by the old one's 410", async () => {
  const { api } = server();
  const answers: (() => void)[] = [];
  await using older = await startReceiver((_arrival, response) => {
    answers.push(() => response.writeHead(410).end());
  });
  await using newer = await startReceiver();
  await api.putTopic("anew");
  await api.subscribe("anew", "s", { push: { url: older.url } });
  await api.publish("anew", { body: "to the old one" });
  await untilTrue("the old one has it", () => answers.length === 1);
  await api.ok("DELETE", subscriptionPath("anew", "s"));
  await api.subscribe("anew", "s", { push: { url: newer.url } });
  answers[0]?.();
  for (const number of [1, 2, 3]) {
    const { id } = await api.publish("anew", { body: `${number}` });
    await until(
      "it is delivered",
      () => api.delivery(id, "s"),
      ({ state }) => state === "delivered",
    );
  }
  expect((await subscription("anew")).state).toBe("active");
});

it("Retry-After delays the next attempt, up to a limit", async () => {
  const { api } = server();
  const retryAfter = new Map([
    ["/soon", "1"],
    ["/later", "900"],
    ["/never", "99999999999999999999"],
    ["/nonsense", "tomorrow, perhaps"],
  ]);
  await using receiver = await startReceiver((arrival, response) => {
    response.writeHead(503, { "retry-after": retryAfter.get(arrival.path) }).end();
  });
  await api.putTopic("patience");
  for (const path of retryAfter.keys()) {
    await api.subscribe("patience", path.slice(1), {
      push: { url: receiver.url + path },
      retry: { delaysMs: [60_000] },
    });
  }
  const { id } = await api.publish("patience", { body: "x" });
  const waitS = async (name: string): Promise<number> => {
    const { nextAttemptAt, attempts } = await until(
      "it waits",
      () => api.delivery(id, name),
      (delivery) => delivery.attempts.length === 1 && delivery.nextAttemptAt !== null,
    );
    const startedAt = attempts[0]?.startedAt ?? "";
    return (Date.parse(nextAttemptAt ?? "") - Date.parse(startedAt)) / 1000;
  };
  // The wait begins when the attempt ends, but the test measures from the start of the attempt.
  for (const [name, expectedS] of [
    ["soon", 60],
    ["later", 900],
    ["never", 3600],
    ["nonsense", 60],
  ] as const) {
    const waitedS = await waitS(name);
    expect(waitedS).toBeGreaterThanOrEqual(expectedS);
    expect(waitedS).toBeLessThan(2 * expectedS);
  }
});
