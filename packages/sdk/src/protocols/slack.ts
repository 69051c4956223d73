/**
 * Slack's incoming webhooks, and those of compatible servers (Mattermost, Rocket.Chat, Discord's `/slack`): JSON with a
 * `text`. Slack replies `ok`, and a word with a status of 400 or more if it refuses the message.
 */

import { emptyMessage } from "./empty-message.ts";
import { assertPushRequest, incomingTextBytes, envelopeMembers } from "./incoming-limits.ts";
import type {
  IncomingMessage,
  IncomingRequest,
  OutgoingDelivery,
  PushProtocol,
  PushReply,
  Verdict,
} from "./protocol.ts";
import { robotTextType } from "./robot-body.ts";
import { fitted, robotRequest, robotText } from "./robot-text.ts";
import { statusReply, verdictOfReply } from "./status-verdict.ts";

/** Slack recommends at most 4,000 characters. It counts the escaped ones. */
const textCharsMax = 4_000;
/** Slack accepts one message a second. */
const waitMs = 1_000;
const tooManyRequests = 429;

/** Slack reads text in angle brackets as links and mentions, such as `<!channel>`. These are all of its escapes. */
const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

export const slack = {
  name: "slack",
  isUrlSecret: true,
  keys: "none",
  encode,
  interpret,
  decode,
  reply: (handled) =>
    handled ? { status: 200, headers: { "content-type": "text/plain" }, body: "ok" } : statusReply(false),
} as const satisfies PushProtocol;

// ---- the sender

function encode(delivery: OutgoingDelivery) {
  const { title, text, isEvent } = robotText(delivery);
  const shown = isEvent ? `*${title}*\n${text}` : text;
  const cut = fitted(shown, textCharsMax, (character) => escapes[character]?.length ?? character.length);
  return robotRequest({ text: cut.replaceAll(/[&<>]/g, (character) => escapes[character] ?? character) });
}

function interpret(reply: PushReply): Verdict {
  const verdict = verdictOfReply(reply);
  if (reply.status !== tooManyRequests || verdict.kind !== "failed") return verdict;
  return { ...verdict, retryAfter: verdict.retryAfter ?? { delayMs: waitMs } };
}

// ---- the receiver

function decode(request: IncomingRequest): IncomingMessage {
  assertPushRequest(request);
  const { text } = envelopeMembers(request.body);
  const unescaped = typeof text === "string" ? text.replaceAll(/&(?:lt|gt|amp);/g, unescape) : text;
  return {
    ...emptyMessage,
    protocol: slack.name,
    body: incomingTextBytes("text", unescaped),
    contentType: robotTextType,
  };
}

function unescape(escape: string): string {
  return Object.keys(escapes).find((character) => escapes[character] === escape) ?? escape;
}
