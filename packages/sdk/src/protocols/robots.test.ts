import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { dingtalk } from "./dingtalk.ts";
import { feishu } from "./feishu.ts";
import type { ProtocolKey, Trust } from "./key.ts";
import type { EncodedRequest, OutgoingDelivery, PushProtocol } from "./protocol.ts";
import { UndecodableError, UnencodableError, UntrustedError } from "./protocol.ts";
import { slack } from "./slack.ts";
import {
  dingtalkEvent,
  dingtalkKey,
  dingtalkQuery,
  eventBody,
  feishuEvent,
  feishuKey,
  slackEvent,
  wecomEvent,
} from "./testing/robots.vectors.ts";
import { anyText } from "./testing/any-text.ts";
import { arrived, deliveries, printed, sampleDelivery } from "./testing/wire.ts";
import { wecom } from "./wecom.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);

const sentAtMs = 11203433_987;
const delivery: OutgoingDelivery = { ...sampleDelivery, sentAtMs, contentType: "text/plain; charset=utf-8" };
const event = { ...delivery, topic: "ringback.events", body: bytes(eventBody), contentType: "application/json" };
const noTrust: Trust = { keys: [], nowMs: sentAtMs, toleranceMs: 300_000 };
const robots: readonly PushProtocol[] = [slack, dingtalk, wecom, feishu];

const bodyOf = async (protocol: PushProtocol, body: string | Uint8Array, keys: readonly ProtocolKey[] = []) => {
  const given = { ...delivery, body: typeof body === "string" ? bytes(body) : body };
  return text((await protocol.encode(given, keys)).body);
};
const shownBy = async (protocol: PushProtocol, body: string | Uint8Array): Promise<string> => {
  const given = { ...delivery, body: typeof body === "string" ? bytes(body) : body };
  const message = await protocol.decode(arrived(await protocol.encode(given, [])), noTrust);
  return text(message.body);
};

describe("an event of Ringback", () => {
  it.each<[PushProtocol, string, ProtocolKey | null]>([
    [slack, slackEvent, null],
    [wecom, wecomEvent, null],
    [dingtalk, dingtalkEvent, dingtalkKey],
    [feishu, feishuEvent, feishuKey],
  ])("is written by $name as recorded, byte for byte", async (protocol, vector, key) => {
    const request = await protocol.encode(event, key === null ? [] : [key]);
    expect(text(printed(request))).toBe(vector);
    expect(request.query).toBe(protocol === dingtalk ? dingtalkQuery : undefined);
  });

  it.each([
    ["a time in milliseconds", '{"type":"a.b","at":0}', "a.b\nat: 1970-01-01T00:00:00.000Z"],
    ["a time that is none", '{"type":"a.b","at":1e99}', "a.b\nat: 1e+99"],
    ["a list", '{"type":"a.b","at":"x","ids":[1,"2"]}', 'a.b\nat: x\nids: [1,"2"]'],
    [
      "members of Object",
      '{"type":"a.b","at":"x","__proto__":{"constructor":1}}',
      "a.b\nat: x\n__proto__.constructor: 1",
    ],
    ["half a character", '{"type":"\\ud800","at":"x"}', "\ufffd\nat: x"],
  ])("can have %s", async (_, body, shown) => {
    expect(await shownBy(feishu, body)).toBe(shown);
  });

  it.each([
    ["without a time", '{"type":"a.b"}'],
    ["without a type", '{"at":"2026-11-30T03:00:00Z"}'],
    ["in a list", '[{"type":"a.b","at":"x"}]'],
    ["nested deeper than an event", `{"type":"a.b","at":"x","a":${"[".repeat(9)}${"]".repeat(9)}}`],
    ["larger than an event", `{"type":"a.b","at":"x","a":"${"a".repeat(65536)}"}`],
  ])("is text %s", async (_, body) => {
    expect((await shownBy(feishu, body)).slice(0, 1_000)).toBe(body.slice(0, 1_000));
  });
});

describe.each(robots.map((protocol) => [protocol.name, protocol] as const))(
  "the sender's half of %s",
  (_, protocol) => {
    it.each([
      "Order 17 is paid.",
      '{"id": 12345678901234567890, "名": "é😀"}',
      "a & b < c > d",
      "two\n\nlines\tand a tab",
    ])("shows %j as it is", async (body) => {
      const shown = await shownBy(protocol, body);
      // Two spaces end a line in DingTalk's Markdown.
      expect(shown.replaceAll("  \n", "\n")).toBe(body);
    });

    it.each([
      ["", "(empty message)"],
      [" \n ", "(empty message)"],
      ["a\u0000b\u001bc\r\nd", "a b c\nd"],
      [Uint8Array.of(0xff, 0xfe), "2 bytes of text/plain; charset=utf-8"],
    ])("carries %j", async (body, shown) => {
      expect((await shownBy(protocol, body)).replaceAll("  \n", "\n")).toBe(shown);
    });

    it.each([
      "@all",
      "@ALL",
      "@所有人",
      "@everyone",
      "@channel",
      "@here",
      "<!channel>",
      "<!everyone>",
      "<@all>",
      "<@U024BE7LH>",
      '<at user_id="all">everybody</at>',
      "<at id=all></at>",
      "<font color='red'>",
    ])("mentions nobody with %j", async (hostile) => {
      for (const body of [hostile, `{"type":"a.b","at":"x","error":${JSON.stringify(hostile)}}`]) {
        const sent = await bodyOf(protocol, body);
        expect(sent).not.toMatch(/@(?:all|everyone|channel|here|所有人)|<[a-z/!?@]/i);
      }
    });

    it("stays within the robot's limits with any text, and cuts no character", async () => {
      const long = fc.tuple(anyText({ minLength: 1, maxLength: 10 }), fc.integer({ min: 1, max: 30_000 }));
      await fc.assert(
        fc.asyncProperty(long, async ([piece, times]) => {
          const body = piece.toWellFormed().repeat(times).slice(0, 200_000).toWellFormed();
          const sent = await bodyOf(protocol, body);
          const parsed = JSON.parse(sent) as { text?: string; markdown?: { content?: string } };
          expect(bytes(sent).length).toBeLessThanOrEqual(20_000);
          expect((parsed.text ?? "").length).toBeLessThanOrEqual(4_000);
          expect(bytes(parsed.markdown?.content ?? "").length).toBeLessThanOrEqual(4_096);
          expect(sent.isWellFormed()).toBe(true);
        }),
        { numRuns: 30 },
      );
    });

    it("says that a text was cut", async () => {
      const shown = await shownBy(protocol, "汉😀".repeat(100_000));
      expect(shown).toMatch(/^(?:汉😀)+汉?…$/u);
    });

    it("accepts any delivery, and decodes what it encodes", async () => {
      await fc.assert(
        fc.asyncProperty(deliveries(fc.uint8Array({ maxLength: 50 })), async (any) => {
          const request = await protocol.encode(any, []);
          const message = await protocol.decode(arrived(request), noTrust);
          expect(message.protocol).toBe(protocol.name);
          expect(message.body.length).toBeGreaterThan(0);
        }),
        { numRuns: 50 },
      );
    });
  },
);

it("Slack's escapes are never cut", async () => {
  const long = fc.tuple(anyText({ minLength: 1, maxLength: 10 }), fc.integer({ min: 1, max: 10_000 }));
  await fc.assert(
    fc.asyncProperty(long, async ([piece, times]) => {
      const parsed = JSON.parse(await bodyOf(slack, `&${piece.toWellFormed()}<`.repeat(times))) as { text: string };
      expect(parsed.text.replaceAll(/&(?:amp|lt|gt);/g, "")).not.toMatch(/[&<>]/);
    }),
    { numRuns: 30 },
  );
});

describe("Markdown", () => {
  it.each(["[a](b)", "![a](http://evil.example/track.png)", "[a][b]\n[b]: http://evil.example"])(
    "of a body makes no link or image: %j",
    async (body) => {
      for (const protocol of [dingtalk, wecom]) expect(await bodyOf(protocol, body)).not.toMatch(/\][([:]/);
    },
  );

  it.each(["# a", "> a", "- a", "1. a", "    a", "```\na", "---"])("of a body makes no block: %j", async (body) => {
    expect(await shownBy(wecom, body)).toBe(body.replaceAll(/^(?=[^a])/gm, "\u200b"));
  });
});

const reply = (status: number, body: string, headers: Record<string, string> = {}) => ({
  status,
  headers,
  body: bytes(body),
});
const wait = (delayMs: number) => ({ retryAfter: { delayMs } });

describe("replies", () => {
  it.each<[PushProtocol, number, string, object]>([
    [slack, 200, "ok", { kind: "accepted" }],
    [slack, 400, "invalid_payload", { kind: "failed", code: "http_status", retryAfter: null }],
    [slack, 404, "no_service", { kind: "failed", code: "http_status" }],
    [slack, 410, "channel_is_archived", { kind: "gone" }],
    [slack, 429, "rate_limited", { kind: "failed", code: "http_status", ...wait(1_000) }],
    [dingtalk, 200, '{"errcode":0,"errmsg":"ok"}', { kind: "accepted" }],
    [
      dingtalk,
      200,
      '{"errcode":310000,"errmsg":"keywords not in content"}',
      { kind: "failed", code: "refused", retryAfter: null, detail: "errcode 310000: keywords not in content" },
    ],
    [
      dingtalk,
      200,
      '{"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"}',
      { kind: "failed", code: "refused", ...wait(60_000) },
    ],
    [dingtalk, 200, '{"errcode":410100}', { kind: "failed", detail: "errcode 410100", ...wait(60_000) }],
    [wecom, 200, '{"errcode":0,"errmsg":"ok"}', { kind: "accepted" }],
    [wecom, 200, '{"errcode":45009,"errmsg":"api freq out of limit"}', { code: "refused", ...wait(60_000) }],
    [wecom, 200, '{"errcode":93000,"errmsg":"invalid webhook url"}', { code: "refused", retryAfter: null }],
    [feishu, 200, '{"code":0,"msg":"success","data":{}}', { kind: "accepted" }],
    [feishu, 200, '{"StatusCode":0,"StatusMessage":"success"}', { kind: "accepted" }],
    [feishu, 200, '{"code":11232,"msg":"frequency limited psm"}', { code: "refused", ...wait(60_000) }],
    [feishu, 400, '{"code":19001,"msg":"param invalid"}', { code: "http_status", detail: "code 19001: param invalid" }],
    [feishu, 429, "", { code: "http_status", ...wait(60_000) }],
    [feishu, 302, "", { code: "redirect" }],
    [wecom, 200, "<html>", { code: "refused", detail: "the reply is not the JSON of a robot" }],
    [wecom, 200, '{"errcode":"0"}', { code: "refused" }],
    [wecom, 200, "", { code: "refused" }],
    [dingtalk, 503, "", { code: "http_status", retryAfter: null }],
  ])("to %o: %i %s", (protocol, status, body, verdict) => {
    expect(protocol.interpret(reply(status, body))).toMatchObject(verdict);
  });

  it.each(robots)("the wait that $name requests counts", (protocol) => {
    const busy = reply(429, "", { "retry-after": "7" });
    expect(protocol.interpret(busy)).toMatchObject({ kind: "failed", ...wait(7_000) });
  });

  it.each(robots)("of a receiver of $name mean to the sender what they should", (protocol) => {
    const sent = (handled: boolean) => {
      const { status, headers, body } = protocol.reply(handled);
      return protocol.interpret({ status, headers, body: bytes(String(body)) });
    };
    expect(sent(true)).toEqual({ kind: "accepted" });
    expect(sent(false)).toMatchObject({ kind: "failed" });
  });
});

async function signed(protocol: PushProtocol, key: ProtocolKey) {
  const request: EncodedRequest = await protocol.encode(event, [key]);
  return { ...arrived(request), path: `/robot/send?access_token=x&${request.query ?? ""}` };
}

describe("signatures", () => {
  const cases = [
    ["dingtalk", dingtalk, dingtalkKey, feishuKey],
    ["feishu", feishu, feishuKey, dingtalkKey],
  ] as const;

  it.each(cases)("of %s are verified", async (_, protocol, key, other) => {
    const request = await signed(protocol, key);
    const decode = async (trust: Partial<Trust>) => protocol.decode(request, { ...noTrust, ...trust });
    await expect(decode({ keys: [other, key] })).resolves.toMatchObject({ protocol: protocol.name });
    await expect(decode({ keys: [other] })).rejects.toMatchObject({ reason: "wrong_signature" });
    await expect(decode({ keys: [key], nowMs: sentAtMs + 301_000 })).rejects.toMatchObject({
      reason: "timestamp_out_of_tolerance",
    });
    const unsigned = arrived(await protocol.encode(event, []));
    await expect(protocol.decode(unsigned, { ...noTrust, keys: [key] })).rejects.toThrow(UntrustedError);
  });

  it.each(cases)("of %s need a shared secret", async (_, protocol) => {
    const pair = { kty: "OKP", crv: "Ed25519", d: "AA" };
    expect(protocol.keyFault(pair)).toBe("not a shared secret");
    const encoding = (async () => protocol.encode(event, [{ kid: "pair", jwk: pair }]))();
    await expect(encoding).rejects.toThrow(UnencodableError);
  });
});

describe("a receiver", () => {
  it.each<[PushProtocol, string]>([
    [slack, "{}"],
    [slack, '{"text":1}'],
    [slack, "not JSON"],
    [dingtalk, '{"msgtype":"link"}'],
    [dingtalk, '{"msgtype":"__proto__"}'],
    [wecom, '{"msgtype":"markdown","markdown":"text"}'],
    [wecom, '{"msgtype":"text"}'],
    [feishu, '{"msg_type":"post"}'],
    [feishu, '{"msg_type":"interactive","card":{"elements":{}}}'],
    [feishu, "[]"],
  ])("of %o refuses %s", async (protocol, body) => {
    const request = { method: "POST", headers: {}, body: bytes(body) };
    await expect((async () => protocol.decode(request, noTrust))()).rejects.toThrow(UndecodableError);
  });
});
