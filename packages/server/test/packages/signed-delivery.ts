import { Webhook } from "standardwebhooks";
import { expect } from "vitest";
import { Api } from "../harness/api.ts";
import type { Program } from "../harness/program.ts";
import { startReceiver } from "../harness/receiver.ts";
import { until, untilTrue } from "../harness/until.ts";

/** Returns the URL that a server has written to its log. Fails with the log if the server ends before. */
export async function urlOf(server: Program): Promise<string> {
  const ended = server.ended.then(() => {
    throw new Error(`the server has ended: ${server.output()}`);
  });
  const line = /"url":"(http:[^"]+)".*"msg":"listening"/;
  const output = until(
    "the server listens",
    () => server.output(),
    (text) => line.test(text),
  );
  return line.exec(await Promise.race([output, ended]))?.[1] ?? "";
}

/** Expects that the server delivers a message with a signature that the official library accepts. */
export async function expectSignedDelivery(url: string, token?: string): Promise<void> {
  await using receiver = await startReceiver();
  const authorization = token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } };
  const call = async (method: string, path: string, json: object) => {
    const answer = await new Api(url).call<{ secret: string }>(method, path, { json, ...authorization });
    expect([path, answer.status]).toEqual([path, 201]);
    return answer.json;
  };
  await call("PUT", "/v1/topics/t", {});
  const push = { url: `${receiver.url}/`, protocol: "standard-webhooks" };
  const { secret } = await call("PUT", "/v1/topics/t/subscriptions/s", { push });
  await call("POST", "/v1/topics/t/messages", { body: { hello: "world" } });
  await untilTrue("it delivers", () => receiver.arrivals.length > 0);
  const [arrival] = receiver.arrivals;
  if (arrival === undefined) throw new Error("nothing has arrived");
  const headers = arrival.headers as Record<string, string>;
  expect(new Webhook(secret).verify(arrival.body, headers)).toEqual({ hello: "world" });
}
