/** Real: the HTTP application on the memory driver, with accounts and API keys. Faked: the clock, endpoints. */
import { test } from "vitest";
import { randomId } from "../store/random-id.ts";
import type { SendRequest } from "./testing/account-program.ts";
import { createTestApp } from "./testing/test-app.ts";
import { expectNothingObserved, sameRequestId, seeds, type AccountServer } from "./testing/two-accounts.ts";

async function open(): Promise<AccountServer> {
  const { app } = await createTestApp({}, { ids: { newId: randomId } });
  const send =
    (own: Readonly<Record<string, string>>): SendRequest =>
    async ({ method, url, json, headers }) => {
      const payload = json === undefined ? {} : { payload: json as object };
      const answer = await app.inject({ method, url, headers: { ...sameRequestId, ...own, ...headers }, ...payload });
      const given = Object.entries(answer.headers).map(([name, value]) => [name, String(value)]);
      return { status: answer.statusCode, headers: Object.fromEntries(given) as never, body: answer.body };
    };
  const account = async (name: string): Promise<SendRequest> => {
    const operator = send({ "ringback-account": name });
    await operator({
      method: "PUT",
      url: `/v1/accounts/${name}`,
      headers: { "ringback-account": "default" },
      json: {},
    });
    const key = { name: "program", role: "admin" };
    const made = await operator({ method: "POST", url: "/v1/api-keys", json: key });
    const { token } = JSON.parse(made.body) as { token: string };
    return send({ authorization: `Bearer ${token}` });
  };
  return { account, [Symbol.asyncDispose]: () => app.close() };
}

test.each(seeds(3))("two accounts observe nothing of each other, with seed %i", (seed) =>
  expectNothingObserved(open, { seed, steps: 300, isConcurrent: false }),
);
