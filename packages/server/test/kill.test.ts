/**
 * Real: the server as a child process, `kill -9`, its database, sockets, its clients and receivers. Nothing is faked.
 * The next server on the same folder runs inside the test's process. `crash.test.ts` tests kills under load.
 */
import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { expect } from "vitest";
import type { PublishedView } from "./harness/api.ts";
import { post, take, takeAll } from "./harness/inbox.ts";
import { pulledFrom } from "./harness/pulled.ts";
import { startReceiver } from "./harness/receiver.ts";
import { describeRestart } from "./harness/shared-restart.ts";
import { until, untilTrue } from "./harness/until.ts";

const env = { RINGBACK_MASTER_KEY: randomBytes(32).toString("base64") };

describeRestart(
  "after kill -9 and a start",
  { env, end: (server) => server.kill() },
  {
    "pulled messages are still invisible, and their receipt handles are still valid": async (first, restart) => {
      const before = await pulledFrom(first.api, "jobs");
      await before.publish("1", "2");
      const [taken] = await before.pull();
      const after = await pulledFrom((await restart()).api, "jobs");
      expect(await after.pull({ messagesMax: 10 })).toMatchObject([{ body: "2" }]);
      expect(await after.answer("ack", [taken?.receiptHandle ?? ""])).toMatchObject({ failed: 0 });
    },

    "an inbox has every accepted message, in order and byte for byte": async (first, restart) => {
      const bodies = Array.from(
        { length: 40 },
        (_, at) => `{"n":${at}, "msgSvrID":3604851935629391762, "t":"${"好".repeat(at)}"}`,
      );
      const types = ["application/json", "text/plain;charset=utf-8", "plain/text"];
      const path = "/in/weixin";
      await first.api.ok("PUT", "/v1/inboxes/weixin");
      for (const [at, body] of bodies.entries()) {
        const answer = await post(first.url + path, body, types[at % types.length]);
        expect([answer.status, answer.text]).toEqual([200, '{"response":"success"}']);
      }
      for (let at = 0; at < 10; at++) expect((await take(first.url + path)).text).toBe(bodies[at]);
      // `waiting` includes a taken message until the message has been sent to its client.
      await until(
        "ten are gone",
        () => first.api.ok<{ waiting: number }>("GET", "/v1/inboxes/weixin"),
        ({ waiting }) => waiting === 30,
      );
      const url = (await restart()).url + path;
      let taken = await take(url);
      // A message that was taken right before the kill may come again, because its settlement may not be on the disk.
      while (taken.id !== null && bodies.indexOf(taken.text) < 10) taken = await take(url);
      expect([taken.text, taken.type]).toEqual([bodies[10], types[10 % types.length]]);
      expect(await takeAll(url)).toEqual(bodies.slice(11));
    },

    "a delayed message still waits for its time": async (first, restart) => {
      await using receiver = await startReceiver();
      const delayMs = 2_500;
      await first.api.putTopic("delayed");
      await first.api.subscribe("delayed", "s", { push: { url: receiver.url } });
      const headers = { "content-type": "text/plain" };
      const path = `/v1/topics/delayed/messages?delayMs=${delayMs}`;
      const { publishedAt, id } = await first.api.ok<PublishedView>("POST", path, { body: "bytes", headers });
      await until(
        "it waits, or on a slow machine has waited",
        () => first.api.delivery(id, "s"),
        ({ state }) => state === "parked" || state === "delivered",
      );
      await (await restart()).api.ok("GET", "/readyz");
      await untilTrue("it has arrived", () => receiver.arrivals.length === 1);
      const tookMs = (receiver.arrivals[0]?.atMs ?? 0) - Date.parse(publishedAt);
      expect(tookMs).toBeGreaterThanOrEqual(delayMs);
    },

    "deliveries are signed with the keys that the server had": async (first, restart) => {
      await using receiver = await startReceiver();
      const secret = randomBytes(32);
      await first.api.ok("PUT", "/v1/keys/0", { json: { jwk: { kty: "oct", k: secret.toString("base64url") } } });
      await first.api.putTopic("signed");
      const push = { url: receiver.url, protocol: "standard-webhooks", keys: ["0"] };
      await first.api.subscribe("signed", "s", { push });
      const { api } = await restart();
      await api.publish("signed", { body: { a: 1 } });
      const [arrival] = await until(
        "it has arrived",
        () => receiver.arrivals,
        ({ length }) => length === 1,
      );
      const headers = arrival?.headers as Record<string, string>;
      expect(new Webhook(`whsec_${secret.toString("base64")}`).verify(arrival?.text ?? "", headers)).toEqual({ a: 1 });
    },
  },
);
