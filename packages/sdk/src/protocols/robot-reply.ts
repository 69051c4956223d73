/** Replies of chat robots that answer 200 even if they refuse a message: the reply's JSON has a code, 0 for success. */

import { readJson } from "./json-reader.ts";
import { isJsonObject, ownMember } from "./json-object.ts";
import type { PushReply, ReceiverReply, RetryAfter, Verdict } from "./protocol.ts";
import { statusReply, verdictOfReply } from "./status-verdict.ts";

export interface RobotReplies {
  /** The members that the code may have, with the member of the text that belongs to it. */
  readonly members: readonly (readonly [code: string, text: string])[];
  /** The codes that mean that the robot gets too many messages. */
  readonly tooManyCodes: readonly number[];
  /** The wait after such a code, or after 429 without `Retry-After`. */
  readonly waitMs: number;
}

const replyJsonLimits = { depthMax: 8, valuesMax: 256 };
const tooManyRequests = 429;
const detailCharsMax = 200;

export function robotVerdict(reply: PushReply, { members, tooManyCodes, waitMs }: RobotReplies): Verdict {
  const verdict = verdictOfReply(reply);
  if (verdict.kind === "gone") return verdict;
  const answer = answerOf(reply.body, members);
  if (verdict.kind === "accepted" && answer?.code === 0) return verdict;
  const given = verdict.kind === "failed" ? verdict.retryAfter : null;
  const isTooMany = reply.status === tooManyRequests || (answer !== null && tooManyCodes.includes(answer.code));
  const wait: RetryAfter | null = isTooMany ? { delayMs: waitMs } : null;
  const code = verdict.kind === "failed" ? verdict.code : "refused";
  const detail = answer?.detail ?? (code === "refused" ? "the reply is not the JSON of a robot" : null);
  return { kind: "failed", code, retryAfter: given ?? wait, ...(detail !== null && { detail }) };
}

function answerOf(body: Uint8Array, members: RobotReplies["members"]): { code: number; detail: string } | null {
  const read = readJson(body, replyJsonLimits);
  if ("fault" in read || !isJsonObject(read.value)) return null;
  for (const [name, textName] of members) {
    const code = ownMember(read.value, name);
    if (typeof code !== "number") continue;
    const text = ownMember(read.value, textName);
    const detail = typeof text === "string" ? `${name} ${code}: ${text.slice(0, detailCharsMax)}` : `${name} ${code}`;
    return { code, detail };
  }
  return null;
}

/** Receiver: the success has the form of the robot's own replies. */
export function robotReply(handled: boolean, success: object): ReceiverReply {
  if (!handled) return statusReply(false);
  return { status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(success) };
}
