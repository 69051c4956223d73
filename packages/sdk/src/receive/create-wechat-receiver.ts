import type { IncomingMessage } from "../protocols/protocol.ts";
import type { WechatPush } from "../protocols/wechat.ts";
import { wechat, wechatPush } from "../protocols/wechat.ts";
import type { MessageReceiverOptions } from "./create-receiver.ts";
import { createReceiver } from "./create-receiver.ts";
import type { ReceivedRequest, Receiver } from "./receiver.ts";

export interface WechatReceiverOptions extends Omit<MessageReceiverOptions, "onMessage"> {
  /**
   * Handles one push: a message, or another thing that its `pushType` names. As with every receiver, its promise decides
   * what the sender is told. `message.body` has the push's own bytes.
   */
  readonly onPush: (push: WechatPush, message: IncomingMessage, request: ReceivedRequest) => unknown;
}

/**
 * A receiver of the pushes of the WeChat HTTP API, from that program or from Ringback in its place. With `deduplicate`,
 * messages are told apart by their `msgSvrID`; pushes of other types have none and are always handled.
 */
export function createWechatReceiver({ onPush, ...options }: WechatReceiverOptions): Receiver {
  return createReceiver({
    ...options,
    protocol: wechat,
    onMessage: (message, request) => onPush(wechatPush(message), message, request),
  });
}
