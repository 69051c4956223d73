import { describe, expect, it, vi } from "vitest";

import { jsonHook } from "../protocols/json-hook.ts";
import { opencard } from "../protocols/opencard.ts";
import { callWith, carried } from "../protocols/testing/hook-wire.ts";
import { documentKey } from "../protocols/testing/opencard.vectors.ts";
import type { HookReceiverOptions } from "./create-hook-receiver.ts";
import { createHookReceiver } from "./create-hook-receiver.ts";
import { merge, reject } from "./hook-answers.ts";
import type { ReceivedRequest } from "./receiver.ts";
import { encodedRequest } from "./testing/requests.ts";

const call = callWith({ a: 1 });
const request = encodedRequest(jsonHook.encode(call));

const answeringWith = (body: unknown, onError?: HookReceiverOptions["onError"]) => {
  const attachment = { kind: "file", contentType: null, filename: "a", body: body as Uint8Array } as const;
  const onCall = () => ({ action: "continue", attachments: [attachment] }) as const;
  return createHookReceiver({ protocol: jsonHook, onCall, ...(onError !== undefined && { onError }) }).handle(request);
};

describe("a receiver of calls", () => {
  it("passes on the payload and the call's id, and lets the caller continue when nothing is returned", async () => {
    const onCall = vi.fn<HookReceiverOptions["onCall"]>();
    const reply = await createHookReceiver({ protocol: jsonHook, onCall }).handle(request);
    expect(onCall).toHaveBeenCalledExactlyOnceWith({ payload: { a: 1 }, requestId: "0194-a", key: null }, request);
    expect(jsonHook.interpret(carried(reply), call)).toEqual({ kind: "continue", attachments: [], data: { a: 1 } });
  });

  it.each([
    [merge({ b: 2 }), { kind: "continue", attachments: [], data: { a: 1, b: 2 } }],
    [reject("no more"), { kind: "reject", reason: "no more", data: { a: 1 } }],
  ])("gives the caller the handler's answer %j", async (answer, verdict) => {
    const receiver = createHookReceiver({ protocol: jsonHook, onCall: () => Promise.resolve(answer) });
    expect(jsonHook.interpret(carried(await receiver.handle(request)), call)).toEqual(verdict);
  });

  it("answers an encrypted call with the key of the call", async () => {
    const key = { kid: "0", jwk: documentKey };
    const encrypted = { ...call, key };
    const receiver = createHookReceiver({ protocol: opencard, keys: [key], onCall: () => merge({ b: 2 }) });
    const reply = await receiver.handle(encodedRequest(await opencard.encode(encrypted)));
    expect(await opencard.interpret(carried(reply), encrypted)).toMatchObject({ data: { status: 0, data: { b: 2 } } });
    expect(() => createHookReceiver({ protocol: opencard, onCall: () => undefined })).toThrow(TypeError);
    const keys = [{ kid: "0", jwk: { kty: "oct", k: "AAAA" } }];
    expect(() => createHookReceiver({ protocol: opencard, keys, onCall: () => undefined })).toThrow(/^key "0": k must/);
  });

  it.each<[string, unknown]>([
    ["bytes", Uint8Array.of(104, 105)],
    ["a view of other numbers", new Uint16Array([0x6968])],
    ["an ArrayBuffer", Uint8Array.of(104, 105).buffer],
    ["a string", "hi"],
  ])("accepts %s for the body of an attachment", async (_, body) => {
    const reply = await answeringWith(body);
    expect(new TextDecoder().decode(reply.body as Uint8Array)).toContain('"bodyBase64":"aGk="');
  });

  it.each<[string, unknown]>([
    ["numbers", [104, 105]],
    ["an object", { length: 2 }],
    ["nothing", undefined],
  ])("answers 500 when the body of an attachment is %s", async (_, body) => {
    const onError = vi.fn<(error: unknown) => void>();
    expect((await answeringWith(body, onError)).status).toBe(500);
    expect(String(onError.mock.calls[0]?.[0])).toContain("attachments[0].body: neither bytes nor a string");
  });

  it("answers 500 without details when the handler fails", async () => {
    const onError = vi.fn<(error: unknown, from: ReceivedRequest) => void>();
    const failure = new Error("a secret");
    const receiver = createHookReceiver({ protocol: jsonHook, onCall: () => Promise.reject(failure), onError });
    const reply = await receiver.handle(request);
    expect(reply).toMatchObject({ status: 500, body: "not handled" });
    expect(onError).toHaveBeenCalledExactlyOnceWith(failure, request);
    expect(jsonHook.interpret(carried(reply), call)).toMatchObject({ kind: "failed", code: "http_status" });
  });

  it("refuses requests of other dialects, other methods, and bodies over its limit", async () => {
    const onCall = vi.fn<HookReceiverOptions["onCall"]>();
    const receiver = createHookReceiver({ protocol: jsonHook, onCall, bodyBytesMax: 7 });
    expect((await receiver.handle({ ...request, body: Uint8Array.of(0xff) })).status).toBe(400);
    expect((await receiver.handle({ ...request, method: "PUT" })).status).toBe(405);
    expect((await receiver.handle({ ...request, body: new Uint8Array(8) })).status).toBe(413);
    expect((await receiver.handle(request)).status).toBe(204);
    expect(onCall).toHaveBeenCalledOnce();
  });
});
