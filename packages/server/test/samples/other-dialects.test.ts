/**
 * The samples of docs/guide/other-dialects-in-other-languages.md. Real: the guide's code, the languages of this machine
 * with their libraries, and the requests, from the encoders that the server uses. A language that is not installed is
 * skipped. C# is not run: its libraries are in no registry that these tests use.
 */
import { createHmac, generateKeyPairSync, randomBytes } from "node:crypto";
import { opencard } from "@ringback/sdk/opencard";
import { dingtalk, feishu, type OutgoingDelivery, standardWebhooks } from "@ringback/sdk/protocols";
import { describe, expect, it } from "vitest";
import { languages } from "./other-dialect-programs.ts";
import { isMissing, prepared } from "./verifying-programs.ts";

const body = Buffer.from('{ "amount": 1.0, "who": "故宫" }');
const payload = { srcid: "123", intent: { city: "北京" } };

const delivery = (sentAtMs: number): OutgoingDelivery => ({
  topicOwner: 1,
  topic: "bills",
  subscription: "customer",
  messageId: "6942316962",
  requestId: "1",
  attempt: 1,
  publishedAtMs: sentAtMs,
  sentAtMs,
  body,
  contentType: "application/json",
  tags: [],
  type: null,
  orderingKey: null,
  attributes: {},
});

const oct = (kid: string, secret: Uint8Array) => ({
  kid,
  jwk: { kty: "oct", k: Buffer.from(secret).toString("base64url") },
});

function pair() {
  const { privateKey } = generateKeyPairSync("ed25519");
  const jwk = privateKey.export({ format: "jwk" }) as { kty: string; x: string };
  return { jwk, whpk: `whpk_${Buffer.from(jwk.x, "base64url").toString("base64")}` };
}

const [ours, strangers] = [pair(), pair()];
const secret = "SEC000000000000000000000";

async function v1a(sentAtMs: number): Promise<readonly string[]> {
  const { headers } = await standardWebhooks.encode(delivery(sentAtMs), [{ kid: "k", jwk: ours.jwk }]);
  const of = (name: string) => headers[headers.findIndex((one) => one.toLowerCase() === name) + 1] ?? "";
  return [
    "v1a",
    ours.whpk,
    of("webhook-id"),
    of("webhook-timestamp"),
    of("webhook-signature"),
    body.toString("base64"),
  ];
}

async function dingtalkLine(sentAtMs: number): Promise<readonly string[]> {
  const { query } = await dingtalk.encode(delivery(sentAtMs), [oct("k", Buffer.from(secret))]);
  const values = new URLSearchParams(query);
  return ["dingtalk", secret, values.get("timestamp") ?? "", values.get("sign") ?? ""];
}

async function feishuLine(sentAtMs: number): Promise<readonly string[]> {
  const encoded = await feishu.encode(delivery(sentAtMs), [oct("k", Buffer.from(secret))]);
  const { timestamp, sign } = JSON.parse(Buffer.from(encoded.body).toString()) as { timestamp: string; sign: string };
  return ["feishu", secret, timestamp, sign];
}

async function opencardLine(key: Buffer): Promise<readonly string[]> {
  const encoded = await opencard.encode({ payload, requestId: "1", key: oct("0", key), json: JSON });
  return ["opencard", key.toString("base64"), Buffer.from(encoded.body).toString()];
}

const mac = (key: string, text: string) => createHmac("sha256", key).update(text).digest("base64");

/** Lines that anybody can sign for a program whose secret is an empty text. */
function unsecretLines(sentAtMs: number): readonly (readonly string[])[] {
  const seconds = String(Math.floor(sentAtMs / 1000));
  return [
    ["dingtalk", "", String(sentAtMs), mac("", `${sentAtMs}\n`)],
    ["feishu", "", seconds, mac(`${seconds}\n`, "")],
  ];
}

/** The line with another argument at this position. */
const changed = (line: readonly string[], at: number, value: string) => line.with(at, value);

describe.each(languages)("the other samples in $name", (language) => {
  it("accept what the dialects send, and nothing else", async (context) => {
    context.skip(await isMissing(language), `${language.name} is not installed`);
    const run = await prepared(language, "other-dialects-in-other-languages.md");
    const now = Date.now();
    const key = randomBytes(16);
    const [signed, ding, fei, card] = await Promise.all([
      v1a(now),
      dingtalkLine(now),
      feishuLine(now),
      opencardLine(key),
    ]);
    const token = card[2] ?? "";
    const otherTag = token.replace(/.{4}$/, token.endsWith("AAAA") ? "BBBB" : "AAAA");
    const otherHeader = Buffer.from('{"alg":"dir","enc":"A128CBC-HS256","kid":"0"}').toString("base64url");
    const bad = [
      changed(signed, 1, strangers.whpk),
      changed(signed, 2, "another"),
      changed(signed, 4, `v1a,${"A".repeat(86)}==`),
      changed(signed, 4, ""),
      changed(signed, 4, "v1a,"),
      changed(signed, 5, Buffer.from("{}").toString("base64")),
      await v1a(now - 600_000),
      await v1a(now + 600_000),
      ...[ding, fei].flatMap((line) => [
        changed(line, 1, "another"),
        changed(line, 3, "AAAA"),
        changed(line, 2, "now"),
      ]),
      await dingtalkLine(now - 600_000),
      await feishuLine(now + 600_000),
      ...unsecretLines(now),
      changed(card, 1, randomBytes(16).toString("base64")),
      changed(card, 2, otherTag),
      changed(card, 2, token.replace(/^[^.]*/, otherHeader)),
      changed(card, 2, "a.b.c"),
    ];
    const answers = await run([signed, ding, fei, card, ...bad].map((line) => line.join("\t")));
    const text = Buffer.from(answers[3] ?? "", "base64").toString();
    expect(answers.slice(0, 3)).toEqual(["true", "true", "true"]);
    expect(JSON.parse(text)).toEqual(payload);
    expect(answers.slice(4)).toEqual(bad.map(() => "false"));
  });
});
