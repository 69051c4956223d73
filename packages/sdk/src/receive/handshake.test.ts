import { describe, expect, it } from "vitest";
import { raw } from "../protocols/raw.ts";
import { standardWebhooks } from "../protocols/standard-webhooks.ts";
import { createReceiver } from "./create-receiver.ts";

const challenge = "c".repeat(43);
const json = { "content-type": "application/json" };
const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

function start(protocol: typeof raw | typeof standardWebhooks = raw) {
  const bodies: string[] = [];
  const jwk = { kty: "oct" as const, k: "A".repeat(43) };
  const receiver = createReceiver({
    protocol,
    keys: protocol === raw ? [] : [{ kid: "a", jwk }],
    onMessage: ({ body }) => bodies.push(new TextDecoder().decode(body)),
  });
  const send = (method: string, value: unknown, headers: Record<string, string> = json) =>
    receiver.handle({ method, path: "/", headers, body: value === null ? new Uint8Array(0) : encode(value) });
  return { bodies, send };
}

describe("a challenge", () => {
  it.each([raw, standardWebhooks])("is answered by a receiver of $name, and is not a message", async (protocol) => {
    const { bodies, send } = start(protocol);
    expect(await send("POST", { type: "ringback.verification", challenge })).toMatchObject({
      status: 200,
      body: JSON.stringify({ challenge }),
    });
    expect(bodies).toEqual([]);
  });

  it.each([
    ["another type", { type: "ringback.other", challenge }],
    ["another member", { type: "ringback.verification", challenge, more: 1 }],
    ["a short challenge", { type: "ringback.verification", challenge: "abc" }],
    ["characters that could be markup", { type: "ringback.verification", challenge: `<b>${challenge}` }],
    ["a list", ["ringback.verification", challenge]],
  ])("with %s is an ordinary request, which this dialect refuses", async (_what, value) => {
    expect((await start().send("POST", value)).status).toBe(400);
  });
});

describe("a request for permission of CloudEvents", () => {
  it("is granted to the origin that asks", async () => {
    expect(await start().send("OPTIONS", null, { "webhook-request-origin": "ringback.test" })).toMatchObject({
      status: 200,
      headers: { "webhook-allowed-origin": "ringback.test", "webhook-allowed-rate": "*" },
    });
  });

  it.each([{}, { "webhook-request-origin": "a b" }])("with the headers %j is refused", async (headers) => {
    expect((await start().send("OPTIONS", null, headers)).status).toBe(405);
  });
});
