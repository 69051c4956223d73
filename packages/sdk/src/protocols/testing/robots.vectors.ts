/** Requests to chat robots, byte for byte. The signatures were computed with OpenSSL. */

import type { ProtocolKey } from "../key.ts";

const keyOf = (secret: string): ProtocolKey => ({
  kid: "robot",
  jwk: { kty: "oct", k: Buffer.from(secret).toString("base64url") },
});

export const dingtalkKey = keyOf("SEC0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
export const feishuKey = keyOf("m9hxlWr1VnzXzAlpvT5Dyc");

/** An event of Ringback. Its error contains markup of several chats, and an integer is beyond 2^53. */
export const eventBody = JSON.stringify({
  type: "subscription.failing",
  at: "2026-11-30T03:00:00.000Z",
  topic: "orders",
  subscription: "billing",
  error: "503 <!channel> [x](http://evil.example)\nat: never",
  counts: { failed: 12, lag: 0 },
  reply: null,
}).replace('"lag":0', '"lag":9007199254740993');

export const slackEvent = String.raw`POST /cgi HTTP/1.1
Content-Type: application/json
User-Agent: Ringback/1

{"text":"*subscription.failing: orders/billing*\nat: 2026-11-30T03:00:00.000Z\nerror: 503 &lt;!channel&gt; [x](http://evil.example) at: never\ncounts.failed: 12\ncounts.lag: 9007199254740993"}`;

export const wecomEvent = String.raw`POST /cgi HTTP/1.1
Content-Type: application/json
User-Agent: Ringback/1

{"msgtype":"markdown","markdown":{"content":"**subscription.failing: orders/billing**\nat: 2026-11-30T03:00:00.000Z\nerror: 503 <${"\u200b"}!channel> [x]${"\u200b"}(http://evil.example) at: never\ncounts.failed: 12\ncounts.lag: 9007199254740993"}}`;

export const dingtalkEvent = String.raw`POST /cgi HTTP/1.1
Content-Type: application/json
User-Agent: Ringback/1

{"msgtype":"markdown","markdown":{"title":"subscription.failing: orders/billing","text":"#### subscription.failing: orders/billing\n\nat: 2026-11-30T03:00:00.000Z  \nerror: 503 <${"\u200b"}!channel> [x]${"\u200b"}(http://evil.example) at: never  \ncounts.failed: 12  \ncounts.lag: 9007199254740993"},"at":{"isAtAll":false}}`;

export const dingtalkQuery = "timestamp=11203433987&sign=uHvo%2B88Y5U0qs8SQLnZUahOHSBlM7yhUneUhA4nOidA%3D";

export const feishuEvent = String.raw`POST /cgi HTTP/1.1
Content-Type: application/json
User-Agent: Ringback/1

{"timestamp":"11203433","sign":"4KQkRjXP8BuNJV5iwEnv7Rf7UhKRdSCdt5WjSw7g//U=","msg_type":"interactive","card":{"header":{"title":{"tag":"plain_text","content":"subscription.failing: orders/billing"}},"elements":[{"tag":"div","text":{"tag":"plain_text","content":"at: 2026-11-30T03:00:00.000Z\nerror: 503 <${"\u200b"}!channel> [x](http://evil.example) at: never\ncounts.failed: 12\ncounts.lag: 9007199254740993"}}]}}`;
