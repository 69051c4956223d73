import { describe, expect, it } from "vitest";

import { jsonHook } from "../protocols/json-hook.ts";
import { raw } from "../protocols/raw.ts";
import { standardWebhooks } from "../protocols/standard-webhooks.ts";
import { callWith } from "../protocols/testing/hook-wire.ts";
import { fullRequest } from "../protocols/testing/raw.vectors.ts";
import { arrived, received, sampleDelivery } from "../protocols/testing/wire.ts";
import { ReceiveError } from "./receive-error.ts";
import { receive } from "./receive.ts";

const key = { kid: "k", jwk: { kty: "oct", k: "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY" } };
const broken = { keys: "none", decode: () => Promise.reject(new RangeError("a fault of ours")) } as const;
const nowMs = sampleDelivery.sentAtMs;

describe("receiving", () => {
  it("returns the message of a push", async () => {
    const request = received(fullRequest);
    expect(await receive(request, { protocol: raw, nowMs })).toEqual(raw.decode(request));
  });

  it("returns the call of a hook", async () => {
    const call = await receive(arrived(jsonHook.encode(callWith({ a: 1 }))), { protocol: jsonHook, nowMs });
    expect(call.payload).toEqual({ a: 1 });
  });

  it("returns the message of a signed push", async () => {
    const request = arrived(await standardWebhooks.encode(sampleDelivery, [key]));
    const message = await receive(request, { protocol: standardWebhooks, keys: [key], nowMs });
    expect(message.messageId).toBe(sampleDelivery.messageId);
  });

  it("rejects with a typed error for an invalid request", async () => {
    const request = arrived(await standardWebhooks.encode(sampleDelivery, [key]));
    const options = { protocol: standardWebhooks, keys: [key], nowMs };
    await expect(receive({ ...request, method: "GET" }, options)).rejects.toMatchObject({ code: "wrong_method" });
    await expect(receive({ ...request, headers: {} }, options)).rejects.toMatchObject({ code: "undecodable" });
    const late = receive(request, { ...options, nowMs: nowMs + 10 ** 9 });
    await expect(late).rejects.toBeInstanceOf(ReceiveError);
    await expect(late).rejects.toMatchObject({
      name: "ReceiveError",
      code: "untrusted",
      reason: "timestamp_out_of_tolerance",
      cause: { code: "untrusted" },
    });
  });

  it("rejects with a TypeError without the keys that the dialect needs, since the request is not at fault", async () => {
    const request = arrived(await standardWebhooks.encode(sampleDelivery, [key]));
    await expect(receive(request, { protocol: standardWebhooks, nowMs })).rejects.toThrow(TypeError);
  });

  it.each([{ nowMs: Number.NaN }, { toleranceMs: Number.NaN }, { toleranceMs: -1 }])(
    "rejects with a RangeError for %j, which would let every timestamp pass",
    async (options) => {
      const request = arrived(await standardWebhooks.encode(sampleDelivery, [key]));
      const receiving = receive(request, { protocol: standardWebhooks, keys: [key], nowMs, ...options });
      await expect(receiving).rejects.toThrow(RangeError);
    },
  );

  it("passes on errors that the request did not cause", async () => {
    await expect(receive(received(fullRequest), { protocol: broken, nowMs })).rejects.toThrow(RangeError);
  });
});
