import type { IncomingMessage } from "../protocols/protocol.ts";
import { wechat, type WechatPush, wechatPush } from "../protocols/wechat.ts";
import { createReceiver, type MessageReceiverOptions } from "./create-receiver.ts";
import type { ReceivedRequest, Receiver } from "./receiver.ts";

export interface WechatReceiverOptions extends Omit<MessageReceiverOptions, "onMessage"> {
  /**
   * Handles one push: a message, or another event that `pushType` names. The sender gets a success or a failure as with
   * `onMessage` of other receivers. `message.body` contains the bytes of the push.
   */
  readonly onPush: (push: WechatPush, message: IncomingMessage, request: ReceivedRequest) => unknown;
}

/**
 * Creates a receiver of the pushes of the WeChat HTTP API, sent by that API or by Ringback. `deduplicate` compares the
 * `msgSvrID` of messages. Other pushes have no `msgSvrID` and are always handled.
 */
export function createWechatReceiver({ onPush, ...options }: WechatReceiverOptions): Receiver {
  return createReceiver({
    ...options,
    protocol: wechat,
    onMessage: (message, request) => onPush(wechatPush(message), message, request),
  });
}
