import type { HookReply, HookVerdict } from "../hook-protocol.ts";
import { callWith } from "./hook-wire.ts";

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const nothing = new Uint8Array();

/** Callback data with a member for each callback. */
export const payload = {
  message: { from_user: { username: "somebody" } },
  config: { admin: [1] },
  slaveRequest: { slave: "a", items: ["x"] },
  result: { 节点名称: ["香港 01", "日本 02"] },
  addons: {},
};
export const call = callWith(payload);
/** The verdict on a reply that changes nothing. */
export const goesOn: HookVerdict = { kind: "continue", attachments: [], data: payload };

/** A reply as it arrives. */
export function reply(
  status: number,
  headers: Record<string, string> = {},
  body: Uint8Array | string = nothing,
): HookReply {
  return { status, headers, body: typeof body === "string" ? bytes(body) : body };
}

export function jsonReply(body: string): HookReply {
  return reply(200, { "content-type": "application/json" }, body);
}
