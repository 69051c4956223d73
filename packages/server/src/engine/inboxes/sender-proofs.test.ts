import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { InboxVerification, VerificationMethod } from "../../domain/inbox-verification.ts";
import { senderProofs } from "./sender-proofs.ts";

const plain = { toleranceMs: 300_000, header: null, query: null };

interface Given extends Partial<Omit<InboxVerification, "secrets">> {
  readonly method: VerificationMethod;
  readonly secrets: readonly string[];
}

function proves(
  given: Given,
  request: { headers?: Record<string, string | undefined>; query?: string; body?: string },
  nowMs = 0,
): boolean | Promise<boolean> {
  const settings = { ...plain, ...given };
  const { headers = {}, query = "", body = "" } = request;
  return senderProofs[given.method].proofOf(given.secrets, settings)(
    { headers, query, body: Buffer.from(body) },
    nowMs,
  );
}

describe("GitHub's signature", () => {
  // The example that docs.github.com publishes under "Validating webhook deliveries".
  const secrets = ["It's a Secret to Everybody"];
  const hex = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
  const example = { headers: { "x-hub-signature-256": `sha256=${hex}` }, body: "Hello, World!" };

  it("is valid in GitHub's own example, with any of the secrets", () => {
    expect(proves({ method: "github", secrets }, example)).toBe(true);
    expect(proves({ method: "github", secrets: ["another secret", ...secrets] }, example)).toBe(true);
  });

  it.each([
    ["another body", { ...example, body: "Hello, World" }],
    ["no header", { body: example.body }],
    ["an empty header", { ...example, headers: { "x-hub-signature-256": "" } }],
    ["another algorithm", { ...example, headers: { "x-hub-signature-256": `sha1=${hex}` } }],
    ["a short signature", { ...example, headers: { "x-hub-signature-256": `sha256=${hex.slice(2)}` } }],
    ["a signature with more text", { ...example, headers: { "x-hub-signature-256": `sha256=${hex}, sha256=${hex}` } }],
    ["a signature with a line break", { ...example, headers: { "x-hub-signature-256": `sha256=${hex}\n` } }],
    ["SHA-1's header", { ...example, headers: { "x-hub-signature": `sha256=${hex}` } }],
  ])("is not valid with %s", (_, request) => {
    expect(proves({ method: "github", secrets }, request)).toBe(false);
  });

  it("is not valid with another secret", () => {
    expect(proves({ method: "github", secrets: ["It's a secret to everybody"] }, example)).toBe(false);
  });
});

describe("Stripe's signature", () => {
  const secrets = ["whsec_test_secret"];
  const body = '{\n  "id": "evt_test_webhook",\n  "object": "event"\n}';
  const time = 1_492_774_577;
  const nowMs = time * 1000;
  const v1 = (at: number | string = time, secret = secrets[0] as string) =>
    createHmac("sha256", secret).update(`${at}.${body}`).digest("hex");
  const v0 = "6ffbb59b2300aae63f272406069a9788598b792a944a07aba816edb039989a39";
  const signed = (value: string) => ({ headers: { "stripe-signature": value }, body });

  it("is valid in the forms that Stripe documents", () => {
    // The form of docs.stripe.com/webhooks#verify-manually: a time, one or more v1, and a v0 of the test mode.
    for (const value of [
      `t=${time},v1=${v1()},v0=${v0}`,
      `t=${time},v1=${"0".repeat(64)},v1=${v1()}`,
      `v1=${v1()}, t=${time}`,
      `t=${time},v1=${v1()},v2=abc,v1`,
    ]) {
      expect(proves({ method: "stripe", secrets }, signed(value), nowMs)).toBe(true);
    }
    expect(
      proves({ method: "stripe", secrets: ["whsec_new_secret", ...secrets] }, signed(`t=${time},v1=${v1()}`), nowMs),
    ).toBe(true);
  });

  it("has a time within the tolerance, in both directions", () => {
    const request = signed(`t=${time},v1=${v1()}`);
    const valid = [5_000, -5_000, 5_001, -5_001].map((offsetMs) =>
      proves({ method: "stripe", secrets, toleranceMs: 5_000 }, request, nowMs + offsetMs),
    );
    expect(valid).toEqual([true, true, false, false]);
  });

  it.each([
    ["no header", { body }],
    ["only v0", signed(`t=${time},v0=${v1()}`)],
    ["no time", signed(`v1=${v1()}`)],
    ["two times", signed(`t=${time},t=${time},v1=${v1()}`)],
    ["a time that is no number", signed(`t=1e9,v1=${v1("1e9")}`)],
    ["another time than the signed one", signed(`t=${time + 1},v1=${v1()}`)],
    ["another secret", signed(`t=${time},v1=${v1(time, "whsec_other")}`)],
    ["too many signatures", signed(`t=${time},${`v1=${v0},`.repeat(8)}v1=${v1()}`)],
    [
      "a signature over the body alone",
      signed(`t=${time},v1=${createHmac("sha256", "whsec_test_secret").update(body).digest("hex")}`),
    ],
  ])("is not valid with %s", (_, request) => {
    expect(proves({ method: "stripe", secrets }, request, nowMs)).toBe(false);
  });
});

describe("Standard Webhooks' signature", () => {
  // The example of the reference libraries of Standard Webhooks.
  const secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"];
  const headers = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  };
  const body = '{"test": 2432232314}';
  const nowMs = 1_614_265_330_000;
  const proved = (request: object, given: Partial<Given> = {}, at = nowMs) =>
    proves({ method: "standard-webhooks", secrets, ...given }, { headers, body, ...request }, at);

  it("is valid in the standard's own example", async () => {
    expect(await proved({})).toBe(true);
  });

  it("is not valid with another body, id or secret, without headers, or after the tolerance", async () => {
    expect(await proved({ body: '{"test":2432232314}' })).toBe(false);
    expect(await proved({ headers: { ...headers, "webhook-id": "msg_2" } })).toBe(false);
    expect(await proved({ headers: {} })).toBe(false);
    expect(await proved({}, { secrets: ["whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] })).toBe(false);
    expect(await proved({}, {}, nowMs + 300_001)).toBe(false);
  });

  it("is verified with an Ed25519 public key too", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const secret = `whpk_${Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url").toString("base64")}`;
    const content = Buffer.from(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`);
    const signature = `v1a,${sign(null, content, privateKey).toString("base64")}`;
    const request = { headers: { ...headers, "webhook-signature": signature } };
    expect(senderProofs["standard-webhooks"].secretFault(secret)).toBeNull();
    expect(await proved(request, { secrets: [secret] })).toBe(true);
    expect(await proved(request)).toBe(false);
  });

  it.each([
    ["a text that is no key", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "a key in text begins with"],
    ["a private key", `whsk_${Buffer.alloc(32, 1).toString("base64")}`, "not the private key"],
    ["a short secret", `whsec_${Buffer.alloc(15, 1).toString("base64")}`, "16 to 64 bytes"],
  ])("needs a secret, and not %s", (_, secret, fault) => {
    expect(senderProofs["standard-webhooks"].secretFault(secret)).toContain(fault);
  });
});

describe("a shared token", () => {
  const secrets = ["s3cret-token"];
  const token = (given: Partial<Given>, request: { headers?: Record<string, string | undefined>; query?: string }) =>
    proves({ method: "token", secrets, ...given }, request);

  it("is expected in Authorization: Bearer", () => {
    const at = (authorization: string) => token({}, { headers: { authorization } });
    expect([at("Bearer s3cret-token"), at("bearer  s3cret-token")]).toEqual([true, true]);
    expect([at("s3cret-token"), at("Basic s3cret-token"), at("Bearer s3cret-token2"), at("Bearer ")]).not.toContain(
      true,
    );
    expect(token({}, { query: "token=s3cret-token" })).toBe(false);
  });

  it("is expected in the header that the inbox names", () => {
    const valid = [
      { "x-gitlab-token": "s3cret-token" },
      { "x-gitlab-token": "s3cret-token, s3cret-token" },
      { authorization: "Bearer s3cret-token" },
    ].map((headers: Record<string, string>) => token({ header: "X-Gitlab-Token" }, { headers }));
    expect(valid).toEqual([true, false, false]);
  });

  it("is expected once in the query parameter that the inbox names", () => {
    const valid = [
      "a=1&t%C3%B6k+en=s3cret%2Dtoken",
      "t%C3%B6k%20en=s3cret-token&b",
      "",
      "t%C3%B6k+en=",
      "t%C3%B6k+en=s3cret-token&t%C3%B6k+en=s3cret-token",
    ].map((query) => token({ query: "tök en" }, { query }));
    expect(valid).toEqual([true, true, false, false, false]);
  });

  it("is printable ASCII", () => {
    expect(senderProofs.token.secretFault("s3cret token")).toContain("printable ASCII");
    expect(senderProofs.token.secretFault("s3cret-token")).toBeNull();
  });
});

describe("whatever a stranger sends", () => {
  const secret = `whsec_${Buffer.alloc(24, 9).toString("base64")}`;
  const text = fc.oneof(fc.string(), fc.stringMatching(/^(t=\d{1,10},?)?(v1a?[,=])?[\da-f]{0,64}$/));

  it.each([
    ["standard-webhooks", ["webhook-id", "webhook-timestamp", "webhook-signature"]],
    ["github", ["x-hub-signature-256"]],
    ["stripe", ["stripe-signature"]],
    ["token", ["authorization"]],
  ] as const)("is not valid for the method %s, and no error is thrown", async (method, names) => {
    const headers = fc.record(Object.fromEntries(names.map((name) => [name, text])), { requiredKeys: [] });
    await fc.assert(
      fc.asyncProperty(headers, fc.string(), text, async (sent, body, query) => {
        expect(await proves({ method, secrets: [secret] }, { headers: sent, body, query })).toBe(false);
      }),
    );
  });
});
