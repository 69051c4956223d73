import { cloudEvents, cloudEventsBinary } from "./cloudevents.ts";
import { cmqJson, cmqSimplified } from "./cmq.ts";
import { dingtalk } from "./dingtalk.ts";
import { feishu } from "./feishu.ts";
import { mnsJson, mnsSimplified, mnsXml } from "./mns.ts";
import type { PushProtocol } from "./protocol.ts";
import { raw } from "./raw.ts";
import { slack } from "./slack.ts";
import { standardWebhooks } from "./standard-webhooks.ts";
import { wechat } from "./wechat.ts";
import { wecom } from "./wecom.ts";

/** All push dialects. */
export const pushProtocols = [
  raw,
  cmqJson,
  cmqSimplified,
  standardWebhooks,
  cloudEvents,
  cloudEventsBinary,
  mnsXml,
  mnsJson,
  mnsSimplified,
  slack,
  dingtalk,
  wecom,
  feishu,
  // The last dialect in the list, because every JSON object is a valid message of this dialect.
  wechat,
] as const satisfies readonly PushProtocol[];

export type PushProtocolName = (typeof pushProtocols)[number]["name"];

/** Returns null when no dialect has this name. */
export function findPushProtocol(name: string): PushProtocol | null {
  return pushProtocols.find((protocol) => protocol.name === name) ?? null;
}
