/**
 * Group robots of WeCom (企业微信): a message in Markdown, of at most 4,096 bytes. The URL contains the robot's key. A
 * robot may send 20 messages a minute.
 */

import { emptyMessage } from "./empty-message.ts";
import type { IncomingMessage, IncomingRequest, OutgoingDelivery, PushProtocol } from "./protocol.ts";
import { incomingRobotText } from "./robot-body.ts";
import { robotReply, robotVerdict } from "./robot-reply.ts";
import { fitted, plainMarkdown, robotRequest, robotText, utf8Cost } from "./robot-text.ts";

const contentBytesMax = 4_096;

const replies = {
  members: [["errcode", "errmsg"]],
  /** 45009: "api freq out of limit". */
  tooManyCodes: [45009],
  waitMs: 60_000,
} as const;

export const wecom = {
  name: "wecom",
  isUrlSecret: true,
  keys: "none",
  encode,
  interpret: (reply) => robotVerdict(reply, replies),
  decode,
  reply: (handled) => robotReply(handled, { errcode: 0, errmsg: "ok" }),
} as const satisfies PushProtocol;

function encode(delivery: OutgoingDelivery) {
  const { title, text, isEvent } = robotText(delivery);
  const shown = isEvent ? `**${plainMarkdown(title)}**\n${plainMarkdown(text)}` : plainMarkdown(text);
  return robotRequest({ msgtype: "markdown", markdown: { content: fitted(shown, contentBytesMax, utf8Cost) } });
}

function decode(request: IncomingRequest): IncomingMessage {
  const message = incomingRobotText(request, { markdown: "content", text: "content" });
  return { ...emptyMessage, protocol: wecom.name, ...message };
}
