/** The bodies that the robots of DingTalk and WeCom receive: `{"msgtype": "markdown", "markdown": {"text": "…"}}`. */

import { assertPushRequest, envelopeMembers, incomingTextBytes } from "./incoming-limits.ts";
import { isJsonObject, ownMember } from "./json-object.ts";
import { type IncomingMessage, type IncomingRequest, UndecodableError } from "./protocol.ts";

export const robotTextType = "text/plain; charset=utf-8";

/** `textNames`: the member of the text for each kind of message. Throws {@link UndecodableError} for other kinds. */
export function incomingRobotText(
  request: IncomingRequest,
  textNames: { readonly markdown: string; readonly text: string },
): Pick<IncomingMessage, "body" | "contentType"> {
  assertPushRequest(request);
  const members = envelopeMembers(request.body);
  const kind = ownMember(members, "msgtype");
  if (kind !== "markdown" && kind !== "text") throw new UndecodableError('msgtype: neither "markdown" nor "text"');
  const content = ownMember(members, kind);
  const text = isJsonObject(content) ? ownMember(content, textNames[kind]) : undefined;
  return { body: incomingTextBytes(`${kind}.${textNames[kind]}`, text), contentType: robotTextType };
}
