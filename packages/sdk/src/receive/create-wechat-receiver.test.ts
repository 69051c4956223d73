import { describe, expect, it, vi } from "vitest";

import { barePush, textPush } from "../protocols/testing/wechat.vectors.ts";
import type { WechatPush } from "../protocols/wechat.ts";
import type { WechatReceiverOptions } from "./create-wechat-receiver.ts";
import { createWechatReceiver } from "./create-wechat-receiver.ts";
import { postOf, printedRequest } from "./testing/requests.ts";

describe("a receiver of WeChat's pushes", () => {
  it("passes on the push with every digit of its id, and with its own bytes", async () => {
    const onPush = vi.fn<WechatReceiverOptions["onPush"]>();
    const request = printedRequest(textPush);
    const reply = await createWechatReceiver({ onPush }).handle(request);
    expect(reply).toMatchObject({ status: 200, body: '{"response":"success"}' });
    const [push, message, from] = onPush.mock.calls[0] ?? [];
    expect(push).toMatchObject({ pushType: 1, data: { msgSvrID: "1234567890123456789012", from: "filehelper" } });
    expect(message?.body).toEqual(request.body);
    expect(from).toBe(request);
  });

  it("answers 500 when the handler fails", async () => {
    const failing = { onPush: () => Promise.reject(new Error("no")), onError: () => undefined };
    expect((await createWechatReceiver(failing).handle(printedRequest(textPush))).status).toBe(500);
  });

  it("handles a message once when deduplication is on, and always handles pushes without an id", async () => {
    const pushes: WechatPush[] = [];
    const receiver = createWechatReceiver({ deduplicate: true, onPush: (push) => void pushes.push(push) });
    for (const printed of [textPush, textPush, barePush, barePush]) await receiver.handle(printedRequest(printed));
    expect(pushes.map(({ data }) => data.msgSvrID)).toEqual(["1234567890123456789012", null, null]);
  });

  it.each(["", "[]", "{", "text"])("refuses the body %j", async (body) => {
    const onPush = vi.fn<WechatReceiverOptions["onPush"]>();
    expect((await createWechatReceiver({ onPush }).handle(postOf(body, "/"))).status).toBe(400);
    expect(onPush).not.toHaveBeenCalled();
  });
});
