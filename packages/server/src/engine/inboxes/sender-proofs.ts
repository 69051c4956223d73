import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { standardWebhooks, standardWebhooksKey, UndecodableError, UntrustedError } from "@ringback/sdk/protocols";
import type { InboxVerification, VerificationMethod } from "../../domain/inbox-verification.ts";

/** The parts of a request that a sender can sign, or in which it can send a token. */
export interface SentRequest {
  /** The names are in lower case. Repeated headers are joined as Node joins them. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The query without the question mark. */
  readonly query: string;
  /** The body as it arrived, before any decoding. */
  readonly body: Uint8Array;
}

/** Returns true if the request was made with one of the secrets. `nowMs`: Unix time. */
export type SenderProof = (request: SentRequest, nowMs: number) => boolean | Promise<boolean>;

interface Method {
  /** Describes why a text cannot be a secret of this method, without quoting the text. Returns null for a fit text. */
  readonly secretFault: (secret: string) => string | null;
  readonly proofOf: (secrets: readonly string[], settings: InboxVerification) => SenderProof;
}

/** The most signatures of one request that are compared. */
const signaturesMax = 8;

export const senderProofs: Readonly<Record<VerificationMethod, Method>> = {
  "standard-webhooks": { secretFault: standardWebhooksFault, proofOf: standardWebhooksProof },
  github: { secretFault: () => null, proofOf: githubProof },
  stripe: { secretFault: () => null, proofOf: stripeProof },
  token: { secretFault: tokenFault, proofOf: tokenProof },
};

function standardWebhooksFault(secret: string): string | null {
  try {
    const fault = standardWebhooks.verifyingKeyFault(standardWebhooksKey("", secret).jwk);
    return fault === null ? null : "must be a key that verifies: whsec_… or whpk_…, but not the private key whsk_…";
  } catch (error) {
    if (error instanceof TypeError) return error.message;
    throw error;
  }
}

/** Signatures of both kinds: HMAC-SHA256 (`whsec_…`) and Ed25519 (`whpk_…`). */
function standardWebhooksProof(secrets: readonly string[], { toleranceMs }: InboxVerification): SenderProof {
  const keys = secrets.map((secret, index) => standardWebhooksKey(String(index), secret));
  return async ({ headers, body }, nowMs) => {
    try {
      await standardWebhooks.decode({ method: "POST", headers, body }, { keys, nowMs, toleranceMs });
      return true;
    } catch (error) {
      if (error instanceof UndecodableError || error instanceof UntrustedError) return false;
      throw error;
    }
  };
}

/** https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries */
function githubProof(secrets: readonly string[]): SenderProof {
  return ({ headers, body }) => {
    const [, hex] = /^sha256=([\da-f]{64})$/i.exec(headers["x-hub-signature-256"] ?? "") ?? [];
    return hex !== undefined && secrets.some((secret) => isSignature(hex, secret, [body]));
  };
}

/** https://docs.stripe.com/webhooks#verify-manually */
function stripeProof(secrets: readonly string[], { toleranceMs }: InboxVerification): SenderProof {
  return ({ headers, body }, nowMs) => {
    const pairs = (headers["stripe-signature"] ?? "").split(",").map((pair) => pair.trim().split("="));
    const valuesOf = (name: string) => pairs.flatMap(([key, value = ""]) => (key === name ? [value] : []));
    const times = valuesOf("t");
    const [time = ""] = times;
    if (times.length !== 1 || !/^\d{1,12}$/.test(time)) return false;
    if (Math.abs(nowMs - Number(time) * 1000) > toleranceMs) return false;
    // Other versions are of Stripe's test mode, and prove nothing.
    const signatures = valuesOf("v1").filter((hex) => /^[\da-f]{64}$/i.test(hex));
    if (signatures.length > signaturesMax) return false;
    return secrets.some((secret) => signatures.some((hex) => isSignature(hex, secret, [`${time}.`, body])));
  };
}

function isSignature(hex: string, secret: string, content: readonly (string | Uint8Array)[]): boolean {
  const hmac = createHmac("sha256", secret);
  for (const part of content) hmac.update(part);
  return timingSafeEqual(hmac.digest(), Buffer.from(hex, "hex"));
}

function tokenFault(token: string): string | null {
  return /^[!-~]+$/.test(token) ? null : "must contain only printable ASCII characters without spaces";
}

function tokenProof(tokens: readonly string[], settings: InboxVerification): SenderProof {
  const digests = tokens.map(digestOf);
  return (request) => {
    const given = givenToken(request, settings);
    if (given === null) return false;
    // Digests have the same length, so that the comparison does not reveal the length of the token.
    const digest = digestOf(given);
    return digests.some((one) => timingSafeEqual(one, digest));
  };
}

function givenToken({ headers, query }: SentRequest, settings: InboxVerification): string | null {
  if (settings.query !== null) {
    const values = new URLSearchParams(query).getAll(settings.query);
    return values.length === 1 ? (values[0] ?? null) : null;
  }
  if (settings.header !== null) return headers[settings.header.toLowerCase()] ?? null;
  return /^Bearer +([!-~]+)$/i.exec(headers["authorization"] ?? "")?.[1] ?? null;
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
