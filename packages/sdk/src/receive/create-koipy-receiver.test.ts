import { describe, expect, it, vi } from "vitest";

import type { KoiCallbackData } from "../protocols/koipy.ts";
import { koipy } from "../protocols/koipy.ts";
import { carried, callWith } from "../protocols/testing/hook-wire.ts";
import { drawnPng } from "../protocols/testing/koipy.vectors.ts";
import type { CallResult } from "./create-hook-receiver.ts";
import type { KoipyHandler, KoipyReceiverOptions } from "./create-koipy-receiver.ts";
import { createKoipyReceiver } from "./create-koipy-receiver.ts";
import { file, image, merge, reject, text } from "./hook-answers.ts";
import type { ReceivedRequest } from "./receiver.ts";
import { encodedRequest } from "./testing/requests.ts";

const data = { message: { from_user: { username: "koipybot" } }, result: { 节点名称: ["a", "b"] } };

function called(path: string, payload: unknown = data): ReceivedRequest {
  return encodedRequest(koipy.encode(callWith(payload)), path);
}

const goOn: KoipyHandler = () => undefined;

/** koipy's interpretation of a handler's answer. */
async function verdictOf(result: CallResult) {
  const receiver = createKoipyReceiver({ onResult: () => result });
  return koipy.interpret(carried(await receiver.handle(called("/onResult"))), callWith(data));
}

describe("a receiver of koipy's callbacks", () => {
  it("passes each callback's data to the handler of its name", async () => {
    const onMessage = vi.fn<KoipyHandler>();
    const onPreSend = vi.fn<KoipyHandler>();
    const onResult = vi.fn<KoipyHandler>();
    const receiver = createKoipyReceiver({ onMessage, onPreSend, onResult });
    const request = called("/onPreSend");
    expect(await receiver.handle(request)).toEqual({ status: 204, headers: {}, body: "" });
    expect(onPreSend).toHaveBeenCalledExactlyOnceWith(data, request);
    await receiver.handle(called("/some/base/onResult?token=1"));
    await receiver.handle(called("/onMessage/"));
    expect([onMessage, onPreSend, onResult].map(({ mock }) => mock.calls.length)).toEqual([1, 1, 1]);
  });

  it.each<[string, KoipyReceiverOptions["paths"], string, number]>([
    ["its own last segment", { onMessage: "check" }, "/bot/check", 204],
    ["its own last segments", { onMessage: "bot/check" }, "/callbacks/bot/check?x", 204],
    ["a path with its slash", { onMessage: "/bot/check" }, "/bot/check", 204],
    ["another name", { onMessage: "check" }, "/onMessage", 404],
    ["half a segment", {}, "/notonMessage", 404],
    ["another case", {}, "/onmessage", 404],
    ["the base alone", {}, "/", 404],
    ["the name in the query", {}, "/?a=/onMessage", 404],
    ["a callback that is not served", {}, "/onResult", 404],
  ])("finds the callback by its path: %s", async (_, paths, path, status) => {
    const onRefused = vi.fn<() => void>();
    const receiver = createKoipyReceiver({ onMessage: goOn, ...(paths && { paths }), onRefused });
    expect((await receiver.handle(called(path))).status).toBe(status);
    expect(onRefused).toHaveBeenCalledTimes(status === 404 ? 1 : 0);
  });

  it("prefers the more specific of two matching paths", async () => {
    const onMessage = vi.fn<KoipyHandler>();
    const onResult = vi.fn<KoipyHandler>();
    const paths = { onMessage: "check", onResult: "result/check" };
    const receiver = createKoipyReceiver({ onMessage, onResult, paths });
    await receiver.handle(called("/result/check"));
    expect(onMessage).not.toHaveBeenCalled();
    expect(onResult).toHaveBeenCalledOnce();
  });

  it("is not created without a handler, or with one path for two callbacks", () => {
    expect(() => createKoipyReceiver({})).toThrow(TypeError);
    const paths = { onMessage: "a", onResult: "/a/" };
    expect(() => createKoipyReceiver({ onMessage: goOn, onResult: goOn, paths })).toThrow(/^paths: /);
  });

  it("lets koipy continue when a handler returns nothing", async () => {
    expect(await verdictOf(undefined)).toEqual({ kind: "continue", attachments: [], data });
  });

  it("stops koipy with the reason that the user is shown", async () => {
    expect(await verdictOf(reject("你已被拉黑!"))).toMatchObject({ kind: "reject", reason: "你已被拉黑!" });
  });

  it("adds a picture, a text or a file", async () => {
    const none = { contentType: null, filename: null };
    expect(await verdictOf(image(drawnPng, "image/png"))).toMatchObject({
      attachments: [{ ...none, kind: "image", contentType: "image/png", body: drawnPng }],
    });
    expect(await verdictOf(text("提示"))).toMatchObject({
      attachments: [{ ...none, kind: "text", contentType: "text/plain", body: new TextEncoder().encode("提示") }],
    });
    expect(await verdictOf(file(Uint8Array.of(1, 2), "表.csv"))).toMatchObject({
      attachments: [{ ...none, kind: "file", filename: "表.csv", body: Uint8Array.of(1, 2) }],
    });
  });

  it("merges into koipy's data", async () => {
    const verdict = await verdictOf(merge({ result: { 新列: [1, 2] } }));
    expect(verdict).toMatchObject({ data: { result: { 节点名称: ["a", "b"], 新列: [1, 2] } } });
  });

  it.each<[string, KoipyHandler]>([
    [
      "throws",
      () => {
        throw new Error("a secret");
      },
    ],
    ["breaks its promise", () => Promise.reject(new Error("a secret"))],
    ["answers with a picture that is none", () => image(Uint8Array.of(1), "image/png")],
    ["answers with a file name that would break out", () => file(Uint8Array.of(1), "../a\r\nb")],
    ["answers with a file of what is no bytes", () => file([1, 2] as unknown as Uint8Array, "a.bin")],
    ["answers with what is no answer", () => "no answer" as unknown as CallResult],
  ])("stops koipy without a detail when a handler %s", async (_, onMessage) => {
    const onError = vi.fn<() => void>();
    const reply = await createKoipyReceiver({ onMessage, onError }).handle(called("/onMessage"));
    expect(reply).toMatchObject({ status: 500, body: "not handled" });
    expect(onError).toHaveBeenCalledOnce();
  });

  it.each([
    ["is no JSON", "{"],
    ["is no object", "[1]"],
    ["is too deep", "[".repeat(100_000)],
  ])("refuses a body that %s", async (_, body) => {
    const onMessage = vi.fn<KoipyHandler>();
    const request = { ...called("/onMessage"), body: new TextEncoder().encode(body) };
    expect((await createKoipyReceiver({ onMessage }).handle(request)).status).toBe(400);
    expect(onMessage).not.toHaveBeenCalled();
  });

  it.each(["", "/", "//"])("is not created with the path %j, which no request would have", (onMessage) => {
    expect(() => createKoipyReceiver({ onMessage: goOn, paths: { onMessage } })).toThrow(/^paths: /);
  });

  it("refuses other methods and bodies over its limit", async () => {
    const receiver = createKoipyReceiver({ onMessage: goOn, bodyBytesMax: 10 });
    expect(receiver.bodyBytesMax).toBe(10);
    expect((await receiver.handle({ ...called("/onMessage"), method: "GET" })).status).toBe(405);
    expect((await receiver.handle(called("/onMessage"))).status).toBe(413);
  });

  it("passes koipy's members to handlers by their names", async () => {
    const seen: (KoiCallbackData["slaveRequest"] | undefined)[] = [];
    const receiver = createKoipyReceiver({ onPreSend: ({ slaveRequest }) => void seen.push(slaveRequest) });
    await receiver.handle(called("/onPreSend", { slaveRequest: { items: [] } }));
    expect(seen).toEqual([{ items: [] }]);
  });
});
